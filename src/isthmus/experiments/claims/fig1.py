"""Figure 1: layers against epochs, from one start with the examples in another order."""

from typing import Any

from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.scale import Scale


def run(bench: Bench) -> Evidence:
    """Two orders from one start, every layer at every step.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the paper's picture.
    """
    # TF32 moved no excess by more than 0.0001 nats, and no error at all (docs/decisions.md, Claims).
    options: dict[str, Any] = {"dtype": "tf32"} if bench.scale == Scale.PAPER else {}
    along, end = ALONG[bench.scale], END[bench.scale]
    return layerwise_evidence(bench, along, end, by_epochs=bench.scale.is_whole, **options)
