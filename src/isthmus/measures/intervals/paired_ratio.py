"""The ratio of two means over the same examples, with its interval."""

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.intervals.interval import LEVEL


def paired_ratio(
    numerator: Float[np.ndarray, " n"], denominator: Float[np.ndarray, " n"], level: float = LEVEL
) -> Estimate:
    """The ratio R = mean(x) / mean(y) and its interval by Fieller's theorem.

    The interval holds every R for which zero lies within Student's interval of the mean of x - R y, so that what x and
    y have in common does not widen it (Fieller, "Some problems in interval estimation", 1954).

    Args:
        numerator: x, one value an example.
        denominator: y, of the same examples.
        level: Confidence.

    Returns:
        R and its interval; unbounded where the mean of y itself may be zero, NaN where a value is.

    Example:
        >>> y = np.array([1.0, 2.0, 4.0, 3.0])
        >>> found = paired_ratio(y / 2, y)
        >>> round(found.low, 6), round(found.value, 6), round(found.high, 6)
        (0.5, 0.5, 0.5)
    """
    n = len(numerator)
    if n < 2 or not (np.isfinite(numerator).all() and np.isfinite(denominator).all()):
        return UNKNOWN
    x, y = float(numerator.mean()), float(denominator.mean())
    (s_xx, s_xy), (_, s_yy) = np.cov(numerator, denominator) * stdtrit(n - 1, 0.5 + level / 2) ** 2 / n
    a, b, c = y**2 - s_yy, x * y - s_xy, x**2 - s_xx  # the interval is where a R^2 - 2 b R + c <= 0
    # The denominator's own interval holds zero, so no ratio is excluded.
    if a <= 0:
        return Estimate(x / y if y else np.nan, -np.inf, np.inf)
    # Not negative but for rounding: R = x / y solves the inequality.
    root = max(b**2 - a * c, 0.0) ** 0.5
    return Estimate(x / y, float((b - root) / a), float((b + root) / a))
