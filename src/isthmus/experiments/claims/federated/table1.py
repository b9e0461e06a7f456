"""Table 1: averaging some layers between clients, by how unlike their data is."""

from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.federated import (
    FULL,
    LOCAL,
    MEASURED,
    evidence_of,
    gain,
    gains,
    partial_rules,
)
from isthmus.experiments.evidence.located import Located, largest
from isthmus.experiments.reproduction.bench import Bench
from isthmus.federated.results.summary import difference

EXTREME = ("mixture-0.01", "classes-")
"""How the names of federations begin whose clients have hardly a class in common; all others are mild."""


def run(bench: Bench) -> Evidence:
    """Train clients under every rule, for every way to deal the images out.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, by the local epochs, and what every rule gains in every federation.
    """
    federations = bench.federate()
    found = {}
    for epochs in dict.fromkeys(int(one.recipe["local_epochs"]) for one in federations.values()):
        mine = {name: one for name, one in federations.items() if int(one.recipe["local_epochs"]) == epochs}
        extreme = [name for name in mine if name.startswith(EXTREME)]
        mild = [name for name in mine if name not in extreme]
        measured = [
            Located(gain(difference(one, MEASURED, rule)), f"over rule {rule}, {name}")
            for name, one in mine.items()
            for rule in partial_rules(one)
            if rule != MEASURED
        ]
        found[f"{epochs} local epoch{'s' if epochs > 1 else ''}"] = {
            "mild": largest(gains(mine, mild, FULL)),
            "extreme": largest(gains(mine, extreme, FULL)),
            "local": largest(gains(mine, extreme, LOCAL)),
            "barrier": largest(measured),
        }
    bench.settings |= {"start": "one network for all clients; equal for all rules of a seed"}
    return evidence_of(federations, found)
