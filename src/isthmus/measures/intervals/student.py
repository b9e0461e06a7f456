"""The mean of a few repetitions, such as seeds, with Student's interval."""

import math

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.intervals.interval import critical_value


def student_mean(values: Float[np.ndarray, " n"]) -> Estimate:
    """The mean of n repetitions with its 95 % interval, mean ± t s / sqrt(n).

    s is the standard deviation with n - 1 in the denominator, t Student's quantile with n - 1 degrees of freedom. It
    speaks of further repetitions made alike, and holds where their numbers are about normal, as means over many
    clients or examples are.

    Args:
        values: One a repetition.

    Returns:
        The mean. Of one repetition the ends are infinite: nothing shows how far it may be off. Of equal ones the
        interval has no width. NaN if a value is.

    Example:
        >>> found = student_mean(np.array([1.0, 2.0, 3.0]))
        >>> found.value, round(found.high, 3), student_mean(np.array([5.0])).high
        (2.0, 4.484, inf)
    """
    if np.isnan(values).any():
        return UNKNOWN
    if len(values) == 1:
        return Estimate(float(values[0]), -math.inf, math.inf)
    if values.min() == values.max():  # whose mean may be off by a rounding
        return Estimate.exact(float(values[0]))
    mean = float(values.mean())
    half = critical_value(values[None]) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)
