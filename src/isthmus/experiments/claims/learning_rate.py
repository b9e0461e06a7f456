"""Appendix: high and low learning rates."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.claim import Claim, Scale
from isthmus.experiments.reproduction.criterion import Estimate, at_least, at_most, largest
from isthmus.experiments.reproduction.evidence import Evidence

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

HIGH, LOW = 0, 1
LARGE, SMALL = 0.3, 0.1


def run(bench: "Bench") -> Evidence:
    """The first pair trained with a high rate, the second with a low one; every layer at every step.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps of the high rate.
    """
    from isthmus.experiments.reproduction import barriers
    from isthmus.experiments.reproduction.layerwise import SPLITS
    from isthmus.experiments.reproduction.panels import heat_maps

    networks = bench.networks()
    steps = bench.measured("steps", networks, ALONG[bench.scale])
    a, b = networks.final_pairs
    end = bench.measured("end", networks, END[bench.scale], a=a, b=b)
    full = barriers.full_barriers(end, "train")
    layer = [largest(barriers.layer_barriers(end.isel(pair=[rate]), "train")) for rate in (HIGH, LOW)]
    apart = Estimate(
        full[HIGH].value - full[LOW].value, full[HIGH].low - full[LOW].high, full[HIGH].high - full[LOW].low
    )
    criteria = (
        at_least("full network, loss barrier on training images, high rate", full[HIGH], LARGE, "nats"),
        at_least("by how much it is above the one of the low rate", apart, 0, "nats"),
        at_most("largest loss barrier of a single layer, high rate", layer[HIGH], SMALL, "nats"),
        at_most("largest loss barrier of a single layer, low rate", layer[LOW], SMALL, "nats"),
        barriers.connectivity_criterion(barriers.connectivities(end, "train"), "on training images"),
    )
    pictures = [
        picture
        for rate, words in ((HIGH, "high"), (LOW, "low"))
        for picture in heat_maps(steps.isel(pair=rate), SPLITS, f"{words} learning rate", f"{words}_")
    ]
    return Evidence(criteria, [], pictures, len(networks.pairs), barriers.pair_rows(end, SPLITS))


CLAIM = Claim(
    name="learning_rate",
    title="a high learning rate makes the barrier, and no layer has one at any rate",
    figure="appendix, learning rates",
    says=(
        "The paper's appendix repeats Figure 1 with a high and a low learning rate. Its figures are not known to us; "
        "what is put to the test is that the full barrier grows with the rate, and that single layers have none."
    ),
    expected=(
        "A full barrier of some tenths of a nat or more at the high rate and less at the low one; no single layer "
        "above a tenth of a nat at either."
    ),
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 without normalisation",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "mini-batch": "64; also 256 and 16",
        "learning rate": "0.05; also 0.001 with mini-batches of 256 and 0.01 with 16",
        "the two networks": "same initialisation, another order",
    },
    times={Scale.SMOKE: "15 s", Scale.SMALL: "10 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: (
            "2,000 images learned by heart, width 16, fewer epochs: see fig1.",
            "The low rate is a tenth of the high one, with mini-batches of the same size.",
        ),
        Scale.PAPER: ("Which rates the paper calls high and low is not known: 0.05 with 64, and 0.001 with 256.",),
    },
    run=run,
)
