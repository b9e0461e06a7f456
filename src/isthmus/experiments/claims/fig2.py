"""Figure 2: growing groups of layers, from the input and from the output."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import LARGE, Estimate, at_least, at_most, largest
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

SWEEPS = [f"cumulative:{order}" for order in ("shallow_first", "deep_first", "ends_first", "random:0,1,2")]
DATA = {
    Scale.SMOKE: {"train": "digits:train[0:40]"},
    Scale.SMALL: {"train": "cifar10:train[0:1500]"},
    Scale.PAPER: {"train": "cifar10:train[0:2048]"},
}
ENDS, LITTLE, HALF = 10, 0.25, 0.5


def run(bench: "Bench") -> Evidence:
    """Let layers join one by one, in six orders, between the trained pairs of Figure 1.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the curves.
    """
    from isthmus.experiments.reproduction import barriers
    from isthmus.experiments.reproduction.shares import shares
    from isthmus.report.cumulative_curves import cumulative_curves, cumulative_sentence, num_moved

    networks = bench.networks("fig1")
    a, b = networks.final_pairs
    result = bench.measured("cumulative", networks.model, DATA[bench.scale], a=a, b=b, sweep=SWEEPS)
    bench.settings["orders"] = "shallow first, deep first, from both ends, at random (3 draws)"
    full = barriers.full_barriers(result)
    pairs = result["pair"].values
    large = [pair for pair, of in zip(pairs, full, strict=True) if of.low >= LARGE]
    judged = result.sel(pair=large or pairs)
    total = max(num_moved(str(label)) for label in result["moving"].values if ":" in str(label))
    third = round(total / 3)

    def share(order: str, count: int) -> Estimate:
        return largest(shares(judged, [f"{order}:{count:02}"]))

    criteria = (
        at_least("full network, loss barrier on training images, the pair with the most", largest(full), LARGE, "nats"),
        at_most(f"share that the first {third} of {total} layers make", share("shallow_first", third), LITTLE),
        at_most(f"share that the last {third} layers make", share("deep_first", third), LITTLE),
        at_most(f"share that {ENDS} layers of both ends make", share("ends_first", ENDS), HALF),
    )
    pictures = []
    for pair in result["pair"].values:
        part = result.sel(pair=pair, drop=True)
        sentence = cumulative_sentence(part)
        pictures.append(
            Picture(f"loss_{pair}", f"Layers join one by one, pair {pair}", cumulative_curves(part), sentence)
        )
    obtained = [
        f"{len(large)} of {len(pairs)} pairs have a full barrier of surely {LARGE:g} nats or more"
        + (": the shares are judged in them." if large else "; the shares are judged in all."),
        *(f"Pair {pair}: {picture.sentence}" for pair, picture in zip(pairs, pictures, strict=True)),
    ]
    return Evidence(criteria, obtained, pictures, len(networks.pairs))


CLAIM = Claim(
    name="fig2",
    title="the middle layers make the barrier",
    figure="Figure 2",
    says=(
        "As layers join the moving group one by one, from the input or from the output, the loss rises when the middle "
        "layers join: neither the shallowest nor the deepest layers make the barrier. One of the paper's reviewers "
        "disputed this reading."
    ),
    expected=(
        "Where the full network has a barrier, the first third of the layers alone, and the last third alone, make at "
        "most a quarter of it, and ten layers of both ends together at most half."
    ),
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 without normalisation",
        "trained on": "CIFAR-10, 50,000 images",
        "the two networks": "same initialisation, another order",
        "orders": "shallow first, deep first",
    },
    times={
        Scale.SMOKE: "15 s",
        Scale.SMALL: "3 min after fig1, else 13 min",
        Scale.PAPER: "half a minute after fig1, on one NVIDIA H200",
    },
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: (
            "The networks are those of fig1 at this scale.",
            "Two orders more: from both ends, and at random.",
        ),
        Scale.PAPER: (
            "The networks are those of fig1 at this scale: one pair.",
            "Two orders more: from both ends, and at random.",
        ),
    },
    run=run,
)
