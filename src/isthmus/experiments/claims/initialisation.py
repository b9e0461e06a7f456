"""Appendix: networks that start from different weights."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.scale import Scale
from isthmus.experiments.reproduction.settings import START

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence


def run(bench: "Bench") -> "Evidence":
    """Each of Figure 1's pairs lends a network, and this claim has one from yet another start for each of them.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps.
    """
    from isthmus.experiments.reproduction.layerwise import layerwise_evidence

    there = bench.networks()
    pairs = [(f"a{number}", name) for number, name in enumerate(there.names, start=1)]
    here = bench.networks("fig1", [name for name, _ in pairs])
    bench.settings[START] = "different initialisation, another order"
    along, end = ALONG[bench.scale], END[bench.scale]
    return layerwise_evidence(bench, along, end, networks=here, others=there, pairs=pairs)


CLAIM = Claim(
    name="initialisation",
    title="no layer has a barrier either when the networks start from different weights",
    figure="appendix, different initialisations",
    says=(
        "The paper's appendix repeats the heat map of Figure 1 for networks with different initialisations. Its "
        "figures are not known to us; what is put to the test is the paper's general statement, that the full network "
        "has a barrier and single layers have none."
    ),
    expected="The same as for Figure 1: a large full barrier, no single layer above a tenth of a nat or a fifth of it.",
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 without normalisation",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "the two networks": "different initialisations and orders",
    },
    times={Scale.SMOKE: "15 s", Scale.SMALL: "9 min after fig1, else 14 min", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: ("3,000 images learned by heart, width 16: half of the networks are those of fig1.",),
        Scale.PAPER: ("Warm-up of 100 iterations, as in the paper's code; its text says epochs.",),
    },
    run=run,
)
