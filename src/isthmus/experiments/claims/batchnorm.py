"""Appendix: the same with BatchNorm."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.claim import Claim, Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence

RUNNING = "Running means and variances are interpolated with their layer; what the paper does with them is not known."


def run(bench: "Bench") -> "Evidence":
    """Two orders from one start, every layer at every step; each BatchNorm is a layer of its own.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps.
    """
    from isthmus.experiments.reproduction.layerwise import layerwise_evidence

    return layerwise_evidence(bench, ALONG[bench.scale], END[bench.scale], batch_norm="interpolate")


CLAIM = Claim(
    name="batchnorm",
    title="with BatchNorm too the full network has a barrier and no layer has one",
    figure="appendix, BatchNorm",
    says=(
        "The paper's appendix repeats Figure 1 for the ResNet-18 with BatchNorm, every normalisation a layer of its "
        "own. Its figures are not known to us; what is put to the test is the paper's general statement, that the full "
        "network has a barrier and single layers have none."
    ),
    expected="The same as for Figure 1: a large full barrier, no single layer above a tenth of a nat or a fifth of it.",
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 with BatchNorm",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "the two networks": "same initialisation, another order",
    },
    times={Scale.SMOKE: "20 s", Scale.SMALL: "10 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: (
            "3,000 images learned by heart, width 16, fewer epochs: see fig1.",
            RUNNING,
        ),
        Scale.PAPER: (RUNNING,),
    },
    run=run,
)
