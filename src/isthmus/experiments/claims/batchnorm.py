"""Appendix: the same with BatchNorm."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence

RUNNING = "Running means and variances are interpolated with their layer."


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
    figure="no counterpart",
    says=(
        "The paper's ResNet-18 has no normalisation. Here it has BatchNorm, every normalisation a layer of its own, "
        "and the paper's general statement is put to the test: the full network has a barrier, single layers have none."
    ),
    expected="The same as for Figure 1: a large full barrier, no single layer above a tenth of a nat or a fifth of it.",
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 without normalisation",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "the two networks": "same initialisation, another order",
    },
    times={Scale.SMOKE: "20 s", Scale.SMALL: "14 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
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
