"""Refining the maximum of every curve: the barrier as a supremum, not as a value on a fixed grid."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.sweeps.grid import Grid, Refinement


def num_rounds(alphas: Sequence[float], tolerance: float | None) -> int:
    """How often the distance to the maximum's neighbours must be halved.

    Args:
        alphas: The grid to begin with.
        tolerance: How near the maximum is to be known.

    Returns:
        0 without a tolerance, or where the grid is fine enough.

    Example:
        >>> num_rounds((0.0, 0.25, 0.5, 0.75, 1.0), 1 / 16)
        2
    """
    if tolerance is None or len(alphas) < 2:
        return 0
    widest = float(np.diff(np.sort(alphas)).max())
    return max(0, math.ceil(math.log2(widest / tolerance)))


def refinement(
    grid: Grid, points: Sequence[Point], segment: Segment, tables: Iterable[ExampleTable], baseline: Baseline
) -> tuple[Grid, tuple[Point, ...]]:
    """One round of refinement: in every cut, two positions half-way from its maximum to the neighbours on both sides.

    The maximum is that of the mean loss excess on all positions evaluated so far, split by split. If the curve has one
    maximum between these neighbours, it lies within their distance, which every round halves; a second, narrower
    maximum elsewhere would be missed.

    Args:
        grid: The rows so far.
        points: The distinct networks behind them.
        segment: The two networks.
        tables: Per-example losses of all points so far, one table a split.
        baseline: What the excess is counted from.

    Returns:
        The grid with further positions, and all points; those that were there keep their numbers.
    """
    index = {point: number for number, point in enumerate(points)}
    shape = (len(grid.hosts), len(grid.groups))
    sides = []
    for table in tables:
        found = np.empty((*shape, 2))
        for h, m, differences in cut_differences(grid, table, "loss", baseline):
            found[h, m] = next_positions(grid.cut(h, m)[0], differences.mean(axis=1))
        sides.append(found)
    alphas = np.concatenate(sides, axis=2)
    rows = np.empty(alphas.shape, dtype=np.int64)
    for h, m, k in np.ndindex(*alphas.shape):
        point = segment.point(grid.hosts[h], grid.groups[m].layers, float(alphas[h, m, k]))
        rows[h, m, k] = index.setdefault(point, len(index))
    if grid.refined is not None:
        alphas = np.concatenate([grid.refined.alphas, alphas], axis=2)
        rows = np.concatenate([grid.refined.rows, rows], axis=2)
    return replace(grid, num_points=len(index), refined=Refinement(alphas, rows)), tuple(index)


def next_positions(alphas: Sequence[float], excess: Float[np.ndarray, " alphas"]) -> tuple[float, float]:
    """Half-way from the maximum of a curve to its neighbours.

    Args:
        alphas: Positions, in any order.
        excess: The curve there.

    Returns:
        The position below and the one above; the maximum's own where it has no neighbour on that side, or where the
        curve holds NaN.

    Example:
        >>> next_positions((0.0, 0.5, 1.0), np.array([0.0, 1.0, 0.2]))
        (0.25, 0.75)
    """
    # Refined positions come behind those of the grid, not between them.
    order = np.argsort(alphas)
    positions, values = np.asarray(alphas)[order], excess[order]
    best = 0 if np.isnan(values).any() else int(values.argmax())
    here = float(positions[best])
    below = float(positions[best - 1] + here) / 2 if best > 0 else here
    above = float(positions[best + 1] + here) / 2 if best + 1 < len(positions) else here
    # Every cut gets two positions, or the arrays of all cuts would not be rectangular.
    return (here, here) if np.isnan(values).any() else (below, above)
