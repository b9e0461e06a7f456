"""What else could have been done with the same networks, measured on the examples of the certificate."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.merging.search.selection import Rises, Selection, greedy_set, single_order_set
from isthmus.merging.search.slerp import slerp_point
from isthmus.merging.search.soup import Soup, layers_of, share_of
from isthmus.merging.search.trials import REACH, Layers, Trials
from isthmus.paths.point import Point

HOST, DONOR, MERGED, PLAIN, SLERP, RANDOM = "host", "donor", "merged", "plain average", "slerp", "random"
ALONE = "one donor alone"
Key = TypeVar("Key", str, tuple[int, str])


@dataclass(frozen=True)
class Contender:
    """A network that the given ones give.

    Attributes:
        name: What was done.
        soup: Which layers are averaged with which donors; None where that says nothing, as of a network as it was.
        layers: Those that are averaged, in layer order; None as above.
        worth: Of what donors gave, as a fraction of all that they could give.
        loss: Mean over the examples.
        loss_rise: Over the host, paired on the examples, with its own 95 % interval.
        error_rate: None without classes.
        error_rise: None without classes.
    """

    name: str
    soup: Soup | None
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
    return found | {f"{RANDOM} {seed + 1}": random_set(worth, size, seed) for seed in seeds}


def random_set(worth: Mapping[Key, float], size: float, seed: int) -> frozenset[Key]:
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
        (HOST, None, trials.host),
        (DONOR, None, trials.donor),
        (MERGED, merged, trials.point(merged)),
        *((name, layers, trials.point(layers)) for name, layers in others.items()),
        *([] if trials.point(everything) == plain else [(PLAIN, everything, plain)]),
        (SLERP, everything, slerp_point(segment, alpha)),
    ]
    trials.values([point for _, _, point in named], "loss")
    found = [(name, None if layers is None else (layers,), trials.known[point]) for name, layers, point in named]
    return compared(found, worth)


def compared(networks: Sequence[tuple[str, Soup | None, ExampleTable]], worth: Mapping[str, float]) -> list[Contender]:
    """Networks beside one another.

    Args:
        networks: What was done, which layers are averaged, and the results of this one network; the host first.
        worth: Of each layer, in layer order.

    Returns:
        One for each.
    """
    host = networks[0][2]
    has_errors = all(table.error is not None for _, _, table in networks)

    def rise(table: ExampleTable, quantity: Quantity) -> Estimate:
        if table is host:
            return Estimate.exact(0.0)
        with np.errstate(invalid="ignore"):
            row = table.values(quantity)[0].astype(np.float64) - host.values(quantity)[0].astype(np.float64)
        return paired_mean(row, REACH[quantity])

    def mean(table: ExampleTable, quantity: Quantity) -> float:
        return float(table.values(quantity)[0].astype(np.float64).mean())

    def contender(name: str, soup: Soup | None, table: ExampleTable) -> Contender:
        averaged = None if soup is None else layers_of(soup)
        return Contender(
            name,
            soup,
            None if averaged is None else tuple(label for label in worth if label in averaged),
            share_of(soup or (), worth),
            mean(table, "loss"),
            rise(table, "loss"),
            mean(table, "error") if has_errors else None,
            rise(table, "error") if has_errors else None,
        )

    return [contender(*network) for network in networks]
