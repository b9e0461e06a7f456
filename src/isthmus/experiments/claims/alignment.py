"""REPAIR: what permuting one network's units, and rescaling the average's, gives at the midpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate, difference, percentage_points
from isthmus.report.claims.midpoints import midpoint_bars
from isthmus.report.picture import Picture
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

TEST = {Scale.SMOKE: "digits:test[0:100]", Scale.SMALL: "mnist:test", Scale.PAPER: "mnist:test"}
UNITS = {Scale.SMOKE: "digits:train[0:100]", Scale.SMALL: "mnist:train[0:10000]", Scale.PAPER: "mnist:train[0:10000]"}
"""What units are correlated on, and statistics restored on."""

PUBLISHED: Mapping[int, tuple[float, float]] = {1: (96.8, 97.5), 5: (93.5, 95.9), 10: (81.2, 95.3)}
"""Hidden layers -> accuracy of the midpoint in per cent, aligned, and aligned and repaired (Jordan et al., 2023)."""


def run(bench: Bench) -> Evidence:
    """Train pairs from different starts, and average them as they are, aligned, and aligned and repaired.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, by the number of hidden layers, and the accuracies.
    """
    networks = bench.train_networks()
    models = {recipe.name: recipe.model for recipe in networks.recipes}
    shown: dict[str, dict[str, Estimate]] = {}
    found: dict[str, Found] = {}
    for a, b in networks.pairs:
        depth = hidden_layers(models[a])
        words = f"{depth} hidden layer{'s' if depth > 1 else ''}" + f", pair {a}-{b}" * (len(networks.pairs) > 3)
        shown[words] = _accuracies(bench, models[a], networks.final(a), networks.final(b), f"{a}-{b}")
        found[words] = found_of(shown[words], PUBLISHED.get(depth, (0.0, 0.0)))
    bench.settings |= {"units correlated on": f"`{UNITS[bench.scale]}`"}
    sentence = (
        "Bars: accuracy on all test images, with 95 % intervals. Repaired: each unit's mean and standard deviation "
        "over training images brought to the mean of the two networks', and folded into the weights."
    )
    title = "Accuracy of two networks and of their midpoint"
    picture = Picture("midpoints", title, lambda: midpoint_bars(shown), sentence)
    rows = [["pair", *next(iter(shown.values()))], *([words, *texts(cells)] for words, cells in shown.items())]
    return Evidence(found, [], [picture], len(shown), rows)


def _accuracies(bench: Bench, model: str, a: Path, b: Path, name: str) -> dict[str, Estimate]:
    """Of both networks and of their midpoint, as they are, aligned, and repaired."""
    from isthmus.merging.align import align
    from isthmus.merging.average import average

    units, root = UNITS[bench.scale], bench.data_root
    aligned, mended = (b.parent.with_name(f"{name}-{what}.safetensors") for what in ("aligned", "repaired"))
    with bench.count_time():
        if not aligned.exists():
            align(a, b, model=model, by="activations", data=units, data_root=root, out=aligned)
        if not mended.exists():
            average(a, aligned, model=model, repair=True, recalibration_data=units, data_root=root, out=mended)
    data = {"test": TEST[bench.scale]}
    seen = {
        what: bench.measure(f"{name} {what}", model, data, a=a, b=other, sweep="full", alphas=[0.5, 1])
        for what, other in (("as they are", b), ("aligned", aligned), ("repaired", mended))
    }
    return {
        "network a": accuracy_at(seen["aligned"], 0.0),
        "network b": accuracy_at(seen["aligned"], 1.0),
        "midpoint": accuracy_at(seen["as they are"], 0.5),
        "aligned": accuracy_at(seen["aligned"], 0.5),
        "aligned, repaired": accuracy_at(seen["repaired"], 1.0),
    }


def hidden_layers(model: str) -> int:
    """How many hidden layers a network has.

    Args:
        model: Such as "mlp:inputs=784,hidden=5".

    Returns:
        The number.
    """
    options = dict(item.split("=") for item in model.partition(":")[2].split(","))
    return int(options["hidden"])


def accuracy_at(result: "xr.Dataset", alpha: float) -> Estimate:
    """The accuracy of a point on the line between two networks, with the exact binomial interval.

    Args:
        result: Of the sweep "full".
        alpha: 0 is network a, 1 is b.

    Returns:
        A fraction.
    """
    from scipy.stats import binomtest

    cell: Any = result.sel(host="a", moving=FULL_NETWORK)
    error = float(result["error_a"]) if alpha == 0.0 else float(cell["error_rate"].sel(alpha=alpha))
    num_examples = int(cell["num_examples"])
    right = round((1 - error) * num_examples)
    ends = binomtest(right, num_examples).proportion_ci(0.95, method="exact")
    return Estimate(right / num_examples, float(ends.low), float(ends.high))


def found_of(shown: Mapping[str, Estimate], published: tuple[float, float]) -> Found:
    """How far the midpoints lie from what was published, and what alignment gives.

    Args:
        shown: Accuracies.
        published: Of the aligned and of the repaired midpoint, in per cent.

    Returns:
        "aligned" and "repaired": percentage points below the published ones; "gain": of the aligned over the midpoint.
    """
    below = {
        name: Located(difference(Estimate.exact(figure), percentage_points(shown[words])))
        for name, words, figure in (
            ("aligned", "aligned", published[0]),
            ("repaired", "aligned, repaired", published[1]),
        )
    }
    gain = percentage_points(difference(shown["aligned"], shown["midpoint"]))
    return {**below, "gain": Located(gain)}


def texts(cells: Mapping[str, Estimate]) -> list[str]:
    """Accuracies in per cent.

    Args:
        cells: Fractions.

    Returns:
        One text each.
    """
    return [percentage_points(one).whole_text for one in cells.values()]
