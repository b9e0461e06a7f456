"""Convexity of the loss along a cut, from second differences: what Theorem 4.1 of the paper speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable, num_cut_examples
from isthmus.measures.intervals.effective_examples import are_enough, effective_examples
from isthmus.measures.intervals.interval import LEVEL, critical_value, mean_band
from isthmus.sweeps.grid import Grid

# Of a loss of order 1: the distance from 1 to the next number, and how many of these a margin holds.
ROUNDING = {"float64": 32 * 2.0**-52, "float32": 32 * 2.0**-23, "tf32": 4 * 2.0**-10, "bfloat16": 4 * 2.0**-7}
REDUCED = {"tf32", "bfloat16"}


class Convexity(StrEnum):
    """The answer; it is compared as text."""

    CONVEX = "convex"
    NOT = "not convex"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class CutConvexity:
    """How the loss bends along one cut.

    Attributes:
        second_differences: Of the mean loss, one for each inner alpha.
        estimate: The smallest of them with its 95 % interval; NaN if one is NaN.
        alpha: The inner alpha where it is; NaN if the value is.
        verdict: Whether the cut is convex.
        effective_examples: How many examples carry the value
            (`isthmus.measures.intervals.effective_examples.effective_examples`).
    """

    second_differences: Float[np.ndarray, " inner"]
    estimate: Estimate
    alpha: float
    verdict: Convexity
    effective_examples: float


def second_differences(
    values: Float[np.ndarray, "alphas n"], alphas: Sequence[float] | Float[np.ndarray, " alphas"]
) -> Float[np.ndarray, "inner n"]:
    """Second differences on a grid that need not be even: estimates of the second derivative.

    For neighbours x0 < x1 < x2 it is twice the divided difference,
    D = 2 / (x2 - x0) · ((f2 - f1) / (x2 - x1) - (f1 - f0) / (x1 - x0)),
    which on an even grid of step h is (f0 - 2 f1 + f2) / h², and for a quadratic f its second derivative on any grid.
    A function is convex on the grid just if no D is negative.

    Args:
        values: f at every alpha, one column an example.
        alphas: At least three, ascending.

    Returns:
        D at every inner alpha; unit of f, as alpha has none.

    Example:
        >>> x = np.array([0.0, 0.25, 1.0, 3.0])
        >>> second_differences((1.5 * x**2 - x)[:, None], x)[:, 0].tolist()
        [3.0, 3.0]
    """
    steps = np.diff(np.asarray(alphas, dtype=np.float64))[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        slopes = np.diff(values, axis=0) / steps
        return np.asarray(2 * np.diff(slopes, axis=0) / (steps[:-1] + steps[1:]))


def rounding_tolerance(
    mean_losses: Float[np.ndarray, " alphas"], alphas: Sequence[float], dtype: str
) -> Float[np.ndarray, " inner"]:
    """How far below zero rounding alone may push the second differences of a convex cut.

    A mean loss L is taken to be off by at most t = 32 · eps · (1 + |L|), eps being the distance from 1 to the next
    number of the arithmetic (2^-23 for float32): rounding enters through the outputs, which are of order 1 also where
    the loss is tiny. That moves D by at most 4 t / ((x1 - x0) (x2 - x1)). The 32 is a margin: on the registered
    networks float32 departed from float64 by at most 5 · eps · (1 + |L|), and bfloat16, whose margin is 4, from float32
    by 0.7 (operators add up in float32, and the mean over examples evens rounding out), but for normalisation over
    groups of two numbers, which can blow rounding up without bound. In doubt measure in float64, or give a tolerance.

    Args:
        mean_losses: L at every alpha.
        alphas: Ascending.
        dtype: Of the arithmetic: "float32", "float64", "bfloat16" or "tf32".

    Returns:
        One positive number for each inner alpha.
    """
    size = 1 + np.abs(mean_losses)
    largest = np.maximum(np.maximum(size[:-2], size[1:-1]), size[2:])
    steps = np.diff(np.asarray(alphas, dtype=np.float64))
    # A second difference divides errors of the losses by the product of its two steps.
    return np.asarray(4 * ROUNDING[dtype] * largest / (steps[:-1] * steps[1:]))


def convexity_of(
    losses: Float[np.ndarray, "alphas n"],
    alphas: Sequence[float],
    tolerance: Float[np.ndarray, " inner"],
    level: float = LEVEL,
    critical: float | None = None,
    *,
    resolution: Float[np.ndarray, " inner"] | None = None,
) -> CutConvexity:
    """Whether one cut is convex, from the losses of the same examples at every alpha.

    The mean loss is a mean of D_i, the second differences of every example's own loss, so its interval is paired. The
    interval of the smallest second difference is [min of the lower ends, min of the upper ends] of a band that holds at
    all inner alphas at once. The verdict is

    - "convex" if every second difference of the mean loss on these examples is at least minus its resolution;
    - "not convex" if one is below minus its tolerance, and its interval lies below zero;
    - "undecided" otherwise: a dent that other examples of the same distribution may not have, one that the rounding of
      reduced arithmetic may have made or hidden, or NaN.

    Args:
        losses: One row an alpha, one column an example.
        alphas: Ascending, at least three.
        tolerance: From `rounding_tolerance`.
        level: Confidence of the band.
        critical: The critical value where it was found for more rows than these; by default these rows' own.
        resolution: Below which a dent is none; by default the tolerance. In reduced arithmetic it is that of float32: a
            tolerance wide enough for bfloat16 excuses a dent, but makes no cut convex.

    Returns:
        Second differences, interval and verdict.

    Example:
        >>> bump = np.array([[0.0, 0.0, 0.0], [1.0, 1.1, 0.9], [0.0, 0.0, 0.0]])
        >>> convexity_of(bump, [0.0, 0.5, 1.0], np.array([1e-6])).verdict.value
        'not convex'
    """
    differences = second_differences(losses, alphas)
    with np.errstate(invalid="ignore"):
        mean = differences.mean(axis=1)
    if not np.isfinite(mean).all():
        value = float(mean.min())
        return CutConvexity(mean, Estimate(value, np.nan, np.nan), np.nan, Convexity.UNDECIDED, np.nan)
    low, high = mean_band(differences, critical_value(differences, level) if critical is None else critical)
    dented = mean < -tolerance
    smallest = int(mean.argmin())
    carriers = effective_examples(differences[smallest])
    verdict = Convexity.NOT if (high[dented] < 0).any() else Convexity.UNDECIDED
    # A wide tolerance may excuse a dent, but makes nothing convex: that is judged at the finer resolution.
    is_convex = not (mean < -(tolerance if resolution is None else resolution)).any()
    return CutConvexity(
        second_differences=mean,
        estimate=Estimate(float(mean[smallest]), float(low.min()), float(high.min()), are_enough(carriers)),
        alpha=float(alphas[smallest + 1]),
        verdict=Convexity.CONVEX if is_convex else verdict,
        effective_examples=carriers,
    )


def bend_alphas(grid: Grid) -> tuple[float, ...]:
    """The alphas at which every cut is known: the grid, the host at 0, and the far end where it was evaluated.

    Args:
        grid: The rows.

    Returns:
        Ascending.
    """
    ends = {0.0} if grid.far_ends is None else {0.0, 1.0}
    return tuple(sorted({*grid.alphas, *ends}))


def losses_of_cut(grid: Grid, table: ExampleTable, h: int, m: int) -> Float[np.ndarray, "alphas n"]:
    """The loss of every example along one cut, at `bend_alphas`.

    Args:
        grid: The rows.
        table: Per-example results.
        h: Number of the host.
        m: Number of the moving group.

    Returns:
        float64; the examples on which the whole cut is known.
    """
    points = {0.0: grid.end(grid.hosts[h])}
    if grid.far_ends is not None:
        points[1.0] = int(grid.far_ends[h, m])
    points |= dict(zip(grid.alphas, grid.rows[h, m].tolist(), strict=True))
    n = num_cut_examples(grid, table, h, m)
    return table.loss[[points[alpha] for alpha in bend_alphas(grid)], :n].astype(np.float64)
