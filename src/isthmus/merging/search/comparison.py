"""What else could have been done with two networks, measured on the examples of the certificate."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.merging.search.selection import Rises, Selection, greedy_set, single_order_set
from isthmus.merging.search.slerp import slerp_point
from isthmus.merging.search.trials import REACH, Layers, Trials
from isthmus.paths.point import Point

PLAIN = "plain average"


@dataclass(frozen=True)
class Contender:
    """A network that two networks give.

    Attributes:
        name: What was done.
        layers: Which layers are averaged; None where that says nothing, as of a network as it was.
        worth: Theirs, as a fraction of that of all layers.
        loss: Mean over the examples.
        loss_rise: Over the host, paired on the examples, with its own 95 % interval.
        error_rate: None without classes.
        error_rise: None without classes.
    """

    name: str
    layers: tuple[str, ...] | None
    worth: float
    loss: float
    loss_rise: Estimate
    error_rate: float | None
    error_rise: Estimate | None


def other_sets(
    selection: Selection, worth: Mapping[str, float], tolerance: float, rises: Rises, size: float, seeds: Sequence[int]
) -> dict[str, Layers]:
    """Sets of layers that somebody might average without a search, chosen on the examples of the selection.

    Args:
        selection: Knows the single layers.
        worth: Of each layer.
        tolerance: For the sets that heed it.
        rises: Measures sets of layers.
        size: The worth of the set to compare with.
        seeds: One random set each.

    Returns:
        Name -> set.
    """
    found = {
        "all layers": frozenset(worth),
        "by single layers": single_order_set(selection, tolerance),
        "greedy": greedy_set(selection, tolerance, rises),
    }
    return found | {f"random {seed + 1}": random_set(worth, size, seed) for seed in seeds}


def random_set(worth: Mapping[str, float], size: float, seed: int) -> Layers:
    """Layers in a random order, as many as come nearest to a worth, at least one.

    Args:
        worth: Of each layer.
        size: To come near to.
        seed: Of the order.

    Returns:
        The set; empty for no worth.

    Example:
        >>> len(random_set(dict.fromkeys("abcdef", 1.0), 2.0, seed=0))
        2
    """
    order = sorted(worth)
    random.Random(seed).shuffle(order)
    best, total, nearest = 0, 0.0, math.inf if size > 0 else 0.0
    for count, label in enumerate(order, start=1):
        total += worth[label]
        if abs(total - size) < nearest:
            best, nearest = count, abs(total - size)
    return frozenset(order[:best])


def contenders(
    trials: Trials, merged: Layers, others: Mapping[str, Layers], worth: Mapping[str, float], alpha: float
) -> list[Contender]:
    """The merged network, the two it comes from and what else could have been done, all on the same examples.

    Args:
        trials: On the examples of the certificate.
        merged: The layers that were certified.
        others: From `other_sets`.
        worth: Of each layer.
        alpha: Of networks that no layer chose: spherical interpolation, and the plain average of all layers where some
            are taken elsewhere.

    Returns:
        The host first, then the donor, the merged network, the others, and spherical interpolation of all layers.
    """
    segment = trials.segment
    everything = frozenset(segment.layers)
    plain = segment.point("a", everything, alpha)
    named: list[tuple[str, Layers | None, Point]] = [
        ("host", None, trials.point(())),
        ("donor", None, segment.point("b", (), 0.0)),
        ("merged", merged, trials.point(merged)),
        *((name, layers, trials.point(layers)) for name, layers in others.items()),
        *([] if trials.point(everything) == plain else [(PLAIN, everything, plain)]),
        ("slerp", everything, slerp_point(segment, alpha)),
    ]
    points, total = [point for _, _, point in named], sum(worth.values())
    quantities: list[Quantity] = ["loss"]
    values = {"loss": trials.values(points, "loss")}
    if all(trials.known[point].error is not None for point in points):
        quantities.append("error")
        values["error"] = trials.values(points, "error")
    means = {quantity: values[quantity].mean(axis=1) for quantity in quantities}
    rises = {
        q: [
            Estimate.exact(0.0) if point == points[0] else paired_mean(row, REACH[q])
            for point, row in zip(points, trials.differences(points, q), strict=True)
        ]
        for q in quantities
    }

    def contender(number: int, name: str, layers: Layers | None) -> Contender:
        share = sum(worth[label] for label in layers or ()) / total if total else 0.0
        shown = None if layers is None else tuple(label for label in segment.layers if label in layers)
        has_error = "error" in quantities
        return Contender(
            name,
            shown,
            share,
            float(means["loss"][number]),
            rises["loss"][number],
            float(means["error"][number]) if has_error else None,
            rises["error"][number] if has_error else None,
        )

    return [contender(number, name, layers) for number, (name, layers, _) in enumerate(named)]
