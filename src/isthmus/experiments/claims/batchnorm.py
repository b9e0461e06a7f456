"""Appendix: the same with BatchNorm."""

from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.cifar10 import ALONG, END


def run(bench: Bench) -> Evidence:
    """Two orders from one start, every layer at every step; each BatchNorm is a layer of its own.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat maps.
    """
    return layerwise_evidence(bench, ALONG[bench.scale], END[bench.scale], batch_norm="interpolate")
