"""Table 2: averaging some layers between many clients of few classes each."""

from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.federated import FULL, LOCAL, evidence_of, gains
from isthmus.experiments.evidence.located import largest
from isthmus.experiments.reproduction.bench import Bench


def run(bench: Bench) -> Evidence:
    """Train many clients of few classes each under every rule.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, federation by federation.
    """
    federations = bench.federate()
    found = {
        name: {
            "full": largest(gains(federations, [name], FULL)),
            "local": largest(gains(federations, [name], LOCAL)),
        }
        for name in federations
    }
    bench.settings |= {"start": "one network for all clients; equal for all rules of a seed"}
    return evidence_of(federations, found)
