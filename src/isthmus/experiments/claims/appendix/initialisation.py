"""Appendix: networks that start from different weights."""

from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.pages.settings import APART, START
from isthmus.experiments.reproduction.scale import Scale


def run(bench: Bench) -> Evidence:
    """Each of Figure 1's pairs lends a network, and this claim has one from yet another start for each of them.

    At scale evening the two pairs of Figure 1 are measured across: they have another start each.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat maps.
    """
    along, end = ALONG[bench.scale], END[bench.scale]
    if bench.scale == Scale.EVENING:
        networks = bench.train_networks("fig1")
        bench.settings[START] = APART
        pairs = [("a1", "a2"), ("b1", "b2")]
        return layerwise_evidence(bench, along, end, networks=networks, pairs=pairs, by_epochs=True)
    there = bench.train_networks()
    pairs = [(f"a{number}", name) for number, name in enumerate(there.names, start=1)]
    here = bench.train_networks("fig1", [name for name, _ in pairs])
    bench.settings[START] = APART
    return layerwise_evidence(bench, along, end, networks=here, others=there, pairs=pairs)
