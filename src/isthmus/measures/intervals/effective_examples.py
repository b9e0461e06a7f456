"""The effective number of examples: how many examples carry a mean."""

import math

import numpy as np
from jaxtyping import Float

# At this limit at most 10 of 100 samples are unmarked and wrong (docs/intervals.md).
FEW = 30
"""Below this a number is marked: an interval counts on many examples, and may be too short."""


def are_enough(count: float) -> bool:
    """Whether this many examples carry a number so that its interval can be trusted.

    Args:
        count: From `effective_examples`; NaN where an interval holds for any number of examples.

    Returns:
        False below 30.
    """
    # So NaN counts as enough: errors and means over whole data sets need no mark.
    return not count < FEW


def effective_examples(differences: Float[np.ndarray, " n"]) -> float:
    """The effective number of examples (sum |c|)² / sum c², with c the differences less their mean.

    Kish's formula for weights, applied to how far each example pulls the mean: k if k examples pull equally and the
    others not at all, 0.64 n for normal differences, 0.36 n for exponential ones, few where a handful of examples make
    up most of the spread (`FEW`). What a sample does not hold can't be seen in it: examples rarer than about 3 in n may
    be missing altogether.

    Args:
        differences: One an example.

    Returns:
        Between 0 (no spread: nothing shows how far the mean may be off) and n; 1 for a single example, NaN where a
        value is not finite.

    Example:
        >>> effective_examples(np.array([0.0] * 98 + [1.0, -1.0]))
        2.0
    """
    if not np.isfinite(differences).all():
        return math.nan
    if len(differences) < 2:
        return float(len(differences))
    # The mean's own rounding would otherwise look like a spread.
    if differences.min() == differences.max():
        return 0.0
    sizes = np.abs(differences - differences.mean())
    return float(sizes.sum()) ** 2 / float((sizes**2).sum())
