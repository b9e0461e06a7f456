"""Figure 2: growing groups of layers, from the input and from the output."""

from functools import partial

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located, largest
from isthmus.experiments.evidence.shares import shares
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture
from isthmus.report.rows.cumulative import cumulative_curves, cumulative_sentence
from isthmus.results.rows import layers_moved
from isthmus.sweeps.group import FULL_NETWORK

SWEEPS = [f"cumulative:{order}" for order in ("shallow_first", "deep_first", "ends_first", "random:0,1,2")]
DATA = {
    Scale.SMOKE: {"train": "digits:train[0:40]"},
    Scale.SMALL: {"train": "cifar10:train[0:1500]"},
    Scale.EVENING: {"train": "cifar10:train[0:2000]"},
    Scale.PAPER: {"train": "cifar10:train[0:2048]"},
}
# ResNet-18 without normalisation has 21 layers; `ends_first` takes five from each end before the middle.
LAYERS, THIRD, ENDS = 21, 7, 10


def run(bench: Bench) -> Evidence:
    """Let layers join one by one, in six orders, between the trained pairs of Figure 1.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the curves.
    """
    networks = bench.train_networks("fig1")
    a, b = networks.final_pairs
    result = bench.measure("cumulative", networks.model, DATA[bench.scale], a=a, b=b, sweep=SWEEPS)
    bench.settings["orders"] = "shallow first, deep first, from both ends, at random (3 draws)"
    full, large_barrier = barriers.full_barriers(result), bench.threshold("full")
    pairs = result["pair"].values
    large = [pair for pair, of in zip(pairs, full, strict=True) if of.estimate.low >= large_barrier]
    judged = result.sel(pair=large or pairs)
    assert len(layers_moved(result)[FULL_NETWORK]) == LAYERS, "the criteria count layers"

    def share(order: str, count: int) -> Located:
        return largest(shares(judged, [f"{order}:{count:02}"]))

    found: Found = {
        "full": largest(full),
        "first_third": share("shallow_first", THIRD),
        "last_third": share("deep_first", THIRD),
        "both_ends": share("ends_first", ENDS),
    }
    pictures = []
    for pair in result["pair"].values:
        part = result.sel(pair=pair, drop=True)
        sentence = cumulative_sentence(part)
        pictures.append(
            Picture(f"loss_{pair}", f"Layers join one by one, pair {pair}", partial(cumulative_curves, part), sentence)
        )
    obtained = [
        f"{len(large)} of {len(pairs)} pairs have a full barrier of surely {large_barrier:g} nats or more"
        + (": the shares are judged in them." if large else "; the shares are judged in all."),
        *(f"Pair {pair}: {picture.sentence}" for pair, picture in zip(pairs, pictures, strict=True)),
    ]
    return Evidence({"": found}, obtained, pictures, len(networks.pairs))
