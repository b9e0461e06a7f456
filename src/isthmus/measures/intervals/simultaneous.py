"""Intervals that hold for several numbers at once, from the interval of each. Extremes need them."""

import math
from statistics import NormalDist

from isthmus.measures.intervals.interval import LEVEL


def simultaneous_ends(value: float, low: float, high: float, count: int, level: float = LEVEL) -> tuple[float, float]:
    """The ends of an interval that holds together with those of `count` - 1 other numbers.

    Of m numbers that are truly equal one looks largest by chance, and its own interval lies above the truth for most m
    (two times in three at m = 42). So each gets the confidence level^(1/m), by Šidák's inequality whatever their
    correlations. With c and c' the normal quantiles before and after, an arm of the interval grows by c'/c; the part by
    which it is longer than the other arm, where the interval leans to a long tail, by (1 + 2 c'²) / (1 + 2 c²), as the
    term of the skewness does in `isthmus.measures.intervals.interval.mean_band`.

    Args:
        value: The number.
        low: Lower end of its own interval.
        high: Upper end.
        count: m, of which it is one.
        level: Confidence of the interval, and of all together.

    Returns:
        Lower and upper end; unchanged for a single number, and where one of the three is not finite.

    Example:
        >>> low, high = simultaneous_ends(1.0, 0.0, 2.0, 42)
        >>> round(low, 2), round(high, 2)
        (-0.65, 2.65)
    """
    if count < 2 or not all(map(math.isfinite, (value, low, high))):
        return low, high
    alone, together = (NormalDist().inv_cdf(0.5 + p / 2) for p in (level, level ** (1 / count)))
    down, up = value - low, high - value
    even, lean = together / alone, (1 + 2 * together**2) / (1 + 2 * alone**2)
    down, up = (even * min(down, up) + lean * (arm - min(down, up)) for arm in (down, up))
    return value - down, value + up
