"""Appendix: high and low learning rates."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.cifar10 import ALONG, END
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import LARGE, SMALL, Estimate, at_least, at_most, largest
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

RATES = {"high": "fig1", "low": None}


def run(bench: "Bench") -> Evidence:
    """Figure 1's first pair has the high rate, a pair of this claim's own the low one; every layer at every step.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps of both.
    """
    from isthmus.experiments.reproduction import barriers
    from isthmus.experiments.reproduction.layerwise import SPLITS
    from isthmus.experiments.reproduction.panels import heat_maps
    from isthmus.report.picture import Picture

    along, at_end = ALONG[bench.scale], END[bench.scale]
    ends, pictures = {}, list[Picture]()
    for rate, owner in RATES.items():
        networks = bench.networks(owner, ("a1", "b1"))
        a, b = [networks.trajectory("a1")], [networks.trajectory("b1")]
        steps = bench.measured(f"{rate} steps", networks.model, along, a=a, b=b)
        a, b = [networks.final("a1")], [networks.final("b1")]
        ends[rate] = bench.measured(f"{rate} end", networks.model, at_end, a=a, b=b)
        pictures += heat_maps(steps.isel(pair=0), SPLITS, f"{rate} learning rate", f"{rate}_")
    full = {rate: barriers.full_barriers(end, "train")[0] for rate, end in ends.items()}
    layer = {rate: largest(barriers.layer_barriers(end, "train")) for rate, end in ends.items()}
    high, low = full["high"], full["low"]
    apart = Estimate(high.value - low.value, high.low - low.high, high.high - low.low)
    connected = [answer for end in ends.values() for answer in barriers.connectivities(end, "train")]
    criteria = (
        at_least("full network, loss barrier on training images, high rate", high, LARGE, "nats"),
        at_least("by how much it is above the one of the low rate", apart, 0, "nats"),
        at_most("largest loss barrier of a single layer, high rate", layer["high"], SMALL, "nats"),
        at_most("largest loss barrier of a single layer, low rate", layer["low"], SMALL, "nats"),
        barriers.connectivity_criterion(connected, "on training images"),
    )
    rows = list[list[str]]()
    for rate, end in ends.items():
        titles, *found = barriers.pair_rows(end, SPLITS)
        rows += [*([] if rows else [["rate", *titles]]), *([rate, *row] for row in found)]
    return Evidence(criteria, [], pictures, len(ends), rows)


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
    times={Scale.SMOKE: "15 s", Scale.SMALL: "9 min after fig1, else 14 min", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: (
            "3,000 images, width 16: the high rate is the first pair of fig1.",
            "The low rate is a tenth of the high one, with mini-batches of the same size.",
            "In as many epochs the low rate gets less far: the losses in the table say how far. A small barrier there "
            "may be the short training's and not the rate's.",
            "One pair a rate: the spread over pairs is not known.",
        ),
        Scale.PAPER: ("Which rates the paper calls high and low is not known: 0.05 with 64, and 0.001 with 256.",),
    },
    run=run,
)
