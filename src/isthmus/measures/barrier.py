"""The barrier: the largest excess over the baseline on the alpha grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.intervals.effective_examples import are_enough, effective_examples
from isthmus.measures.intervals.interval import LEVEL, bounded_mean_band, critical_value, mean_band

Quantity = Literal["loss", "error"]


@dataclass(frozen=True)
class Barrier:
    """A barrier with its uncertainty.

    Attributes:
        excess: Mean excess over the baseline at each alpha.
        estimate: The largest of them with its 95 % interval; NaN if one is NaN.
        alpha: Where the maximum is; NaN if the value is.
        at_end: Whether that is alpha 0 or 1. Under the baseline `models` the host alone already has an excess, half
            the difference of the two networks, so a maximum there says nothing about the way between.
        effective_examples: How many examples carry the value
            (`isthmus.measures.intervals.effective_examples.effective_examples`); NaN for errors, whose interval holds
            for any number of examples.
    """

    excess: Float[np.ndarray, " alphas"]
    estimate: Estimate
    alpha: float
    at_end: bool
    effective_examples: float

    @classmethod
    def unknown(cls, excess: Float[np.ndarray, " alphas"]) -> "Barrier":
        """A barrier that is no number.

        Args:
            excess: Mean excess at each alpha.

        Returns:
            NaN with this excess.
        """
        return cls(excess, UNKNOWN, math.nan, at_end=False, effective_examples=math.nan)


def barrier_of(
    differences: Float[np.ndarray, "alphas n"],
    alphas: Sequence[float],
    quantity: Quantity = "loss",
    level: float = LEVEL,
    critical: float | None = None,
) -> Barrier:
    """The barrier of one cut from paired differences.

    With d_i(alpha) the excess of example i over its own baseline, the excess is e(alpha) = (1/n) sum_i d_i(alpha) and
    the barrier is max over alpha of e(alpha). Its interval is [max of the lower ends, max of the upper ends] of a band
    that holds at all alphas at once: if every e(alpha) lies in the band, so does their maximum.

    Args:
        differences: d_i(alpha), in nats for losses, in [-1, 1] for errors.
        alphas: The grid, one for each row.
        quantity: "loss" (unbounded) or "error" (bounded).
        level: Confidence of the interval.
        critical: The critical value where it was found for more rows than these; by default these rows' own.

    Returns:
        The barrier; everything is NaN if one difference is NaN.

    Example:
        >>> barrier_of(np.array([[0.0, 0.0], [1.0, 3.0]]), [0.0, 0.5]).estimate.value
        2.0
    """
    # Infinite losses give inf - inf, which is answered just below.
    with np.errstate(invalid="ignore"):
        excess = differences.mean(axis=1)
    if np.isnan(excess).any():
        return Barrier.unknown(excess)
    if critical is None:
        critical = critical_value(differences, level)
    if quantity == "loss":
        low, high = mean_band(differences, critical)
    else:
        # Beyond [0, 1] the chord of two errors leaves [0, 1], and the differences leave [-1, 1].
        reach = max(1.0, *(max(alpha, 1 - alpha) for alpha in alphas))
        low, high = bounded_mean_band(differences, critical, reach)
    best = int(excess.argmax())
    # Intervals of errors hold at any number of examples and need no mark (docs/intervals.md).
    carriers = effective_examples(differences[best]) if quantity == "loss" else np.nan
    return Barrier(
        excess=excess,
        estimate=Estimate(float(excess[best]), float(low.max()), float(high.max()), are_enough(carriers)),
        alpha=float(alphas[best]),
        at_end=alphas[best] in {0.0, 1.0},
        effective_examples=carriers,
    )
