"""Whether the losses of two layers add up when both are averaged."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.estimates import Estimates
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.sweeps.grid import Grid

ERROR_REACH = 2.0  # e_ij - e_i - e_j + e_host of four errors in {0, 1} lies in [-2, 2]


@dataclass(frozen=True)
class Interactions:
    """Rises of single layers over the host, and what a pair has beyond the sum of its two.

    Attributes:
        rise: R_i over (host, layer).
        interaction: R_ij - R_i - R_j over (host, layer, other layer); symmetric, NaN on the diagonal.
    """

    rise: Estimates
    interaction: Estimates


def missing_groups(grid: Grid) -> list[str]:
    """The single layers and pairs that a measurement lacks for its interactions.

    Args:
        grid: The rows; the first group holds all layers.

    Returns:
        Their labels; nothing where every layer and every two layers are there, from whatever sweep.
    """
    layers, there = grid.groups[0].layers, set(_numbers(grid))
    wanted = [*((layer,) for layer in layers), *combinations(layers, 2)]
    return ["+".join(group) for group in wanted if frozenset(group) not in there]


def interactions_of(grid: Grid, table: ExampleTable, quantity: Quantity, k: int) -> Interactions:
    """Interactions of all pairs of layers at one alpha, from paired per-example values.

    With l_S(x) the loss of example x at the host whose layers S are at alpha, the rise of a layer over the host is
    R_i = mean(l_i - l_host) and the interaction R_ij - R_i - R_j = mean(l_ij - l_i - l_j + l_host): no baseline, no far
    end, and the second network enters only through the blend. On the quadratic loss 1/2 w^T A w it is exactly
    alpha^2 d_i^T A d_j. Each interval is Student's for the mean of these differences (for errors
    `isthmus.measures.intervals.interval.bounded_mean_band`), for the distribution that the examples come from, and of
    one number alone: of many pairs without interaction one in twenty excludes zero.

    Args:
        grid: The rows, with every layer alone and every two layers.
        table: Per-example results; where points are known on different numbers of examples, the fewest of those
            involved count.
        quantity: Loss or error.
        k: The number of alpha on the grid.

    Returns:
        Nats for cross-entropy, fractions for errors.
    """
    numbers, layers, hosts = _numbers(grid), grid.groups[0].layers, len(grid.hosts)
    values, reaches = table.values(quantity), (1.0, ERROR_REACH) if quantity == "error" else (None, None)
    single = list[Estimate]()
    pairs = np.full((hosts, len(layers), len(layers)), UNKNOWN, dtype=object)

    def rises(h: int, *groups: tuple[str, ...]) -> list[Float[np.ndarray, " n"]]:
        points = np.array([grid.end(grid.hosts[h]), *(grid.rows[h, numbers[frozenset(g)], k] for g in groups)])
        known = values[points, : table.num_examples(points)].astype(np.float64)
        return list(known[1:] - known[0])

    with np.errstate(invalid="ignore"):
        for h in range(hosts):
            single += [paired_mean(rises(h, (layer,))[0], reaches[0]) for layer in layers]
            for (i, one), (j, other) in combinations(enumerate(layers), 2):
                both, first, second = rises(h, (one, other), (one,), (other,))
                pairs[h, i, j] = pairs[h, j, i] = paired_mean(both - first - second, reaches[1])
    of_pairs = Estimates.of(pairs.ravel().tolist(), pairs.shape)
    return Interactions(Estimates.of(single, (hosts, len(layers))), of_pairs)


def _numbers(grid: Grid) -> dict[frozenset[str], int]:
    # By their layers, whichever sweep gave them: windows of two are pairs too.
    return {frozenset(group.layers): m for m, group in enumerate(grid.groups)}
