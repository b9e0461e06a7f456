"""A number with its interval, and what one does with it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from isthmus.measures.intervals.simultaneous import simultaneous_ends

PERCENTAGE_POINTS = "percentage points"
EXACT_DIGITS = 4


def number_text(value: float, decimals: int) -> str:
    """A number with a fixed count of decimals, a true minus sign and no negative zero.

    Args:
        value: Any float, also NaN or infinite.
        decimals: Digits after the point.

    Returns:
        Text such as `"−0.12"`, `"NaN"` or `"∞"`.

    Example:
        >>> number_text(-0.04, 1), number_text(-0.06, 1), number_text(float("nan"), 1)
        ('0.0', '−0.1', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    text = "∞" if math.isinf(value) else f"{abs(value):.{decimals}f}"
    is_zero = math.isfinite(value) and float(text) == 0
    return f"−{text}" if value < 0 and not is_zero else text


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        value: The number.
        low: Lower end; the number itself where it is exact.
        high: Upper end.
        trusted: Whether enough examples carry the number for its interval to hold
            (`isthmus.measures.intervals.effective_examples.are_enough`).
        unit: Of all three, such as "nats"; may be empty.
    """

    value: float
    low: float
    high: float
    trusted: bool = True
    unit: str = ""

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """A number without uncertainty, such as a count.

        Args:
            value: The number.

        Returns:
            The estimate.
        """
        return cls(value, value, value)

    def __neg__(self) -> "Estimate":
        """The number with the other sign; its ends change places."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    @property
    def is_nan(self) -> bool:
        """Whether there is no number."""
        return math.isnan(self.value)

    @property
    def includes_zero(self) -> bool:
        """Whether the interval does; False where it is NaN."""
        return self.low <= 0 <= self.high

    @property
    def is_exact(self) -> bool:
        """Whether the interval has no width."""
        return self.half_width == 0

    @property
    def half_width(self) -> float:
        """Half of the interval's length; infinite or NaN where one of its ends is."""
        return (self.high - self.low) / 2

    def among(self, count: int) -> "Estimate":
        """The same number as one of several.

        Args:
            count: How many there are.

        Returns:
            With an interval that holds together with those of all others
            (`isthmus.measures.intervals.simultaneous.simultaneous_ends`).
        """
        low, high = simultaneous_ends(float(self.value), float(self.low), float(self.high), count)
        return replace(self, low=low, high=high)

    def chosen(self, count: int) -> "Estimate":
        """The same number, chosen for being large.

        Args:
            count: Among how many it was chosen.

        Returns:
            With the lower end of `among`. The upper end stays: what looks largest is seldom underestimated.
        """
        return replace(self, low=self.among(count).low)

    @property
    def decimals(self) -> int:
        """Decimals that the interval supports.

        The place of the half-width's first significant digit (0.034 gives 2), at least one, at most four.
        An interval of length zero supports all four, an infinite or undefined one a single decimal.
        """
        return self._decimals(most=4, unbounded=1)

    def _decimals(self, most: int, unbounded: int) -> int:
        half = self.half_width
        if not math.isfinite(half):
            return unbounded
        return most if half <= 0 else min(most, max(1, -math.floor(math.log10(half))))

    @property
    def text(self) -> str:
        """The value with the decimals that its interval supports."""
        return number_text(self.value, self.decimals)

    @property
    def ends_text(self) -> str:
        """The interval with the decimals of the value, such as `"−0.01 to 0.03"`."""
        return " to ".join(number_text(end, self.decimals) for end in (self.low, self.high))

    @property
    def interval_text(self) -> str:
        """The interval with the decimals of the value, such as `"[−0.01, 0.03]"`."""
        return f"[{', '.join(number_text(end, self.decimals) for end in (self.low, self.high))}]"

    @property
    def whole_text(self) -> str:
        """The value and its interval with up to six decimals; four significant digits of what is exact.

        Example:
            >>> Estimate(0.871, 0.82, 0.92).whole_text, Estimate.exact(3).whole_text
            ('0.87 (0.82 to 0.92)', '3')
            >>> Estimate(0.0, -0.0002, 0.0004).whole_text
            '0.0000 (−0.0002 to 0.0004)'
        """
        if self.is_exact:
            return f"{self.value + 0.0:.{EXACT_DIGITS}g}".replace("-", "−")  # -0 + 0 is 0
        decimals = self._decimals(most=6, unbounded=2)
        value, low, high = (number_text(number, decimals) for number in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def median_width_ratio(pairs: Iterable[tuple[Estimate, Estimate]]) -> float:
    """How many times as wide the first of two intervals is as the second, usually.

    Args:
        pairs: Two estimates each.

    Returns:
        The median of the finite ratios; NaN where there is none.

    Example:
        >>> wide, narrow = Estimate(0, -3, 3), Estimate(0, -1, 1)
        >>> median_width_ratio([(wide, narrow), (narrow, narrow), (wide, Estimate.exact(0))])
        2.0
    """
    ratios = [wide.half_width / left.half_width for wide, left in pairs if left.half_width > 0]
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    return median(finite) if finite else math.nan


def largest(estimates: Sequence[Estimate]) -> Estimate:
    """The maximum of several estimates.

    The true maximum is some one of the true numbers, which its own upper end holds; so it is at most the largest upper
    end, with 97.5 % confidence. That it is at least the largest lower end needs all lower ends to hold at once: of 42
    equal numbers the largest lower end lies above all of them two times in three. Lower ends are therefore
    simultaneous.

    Args:
        estimates: At least one.

    Returns:
        The largest value with the interval [largest lower end of a band that holds for all of them (`Estimate.among`),
        largest upper end]. NaN where one of them is.

    Example:
        >>> found = largest([Estimate(1, 0, 2), Estimate(0.5, -3, 4), Estimate.exact(-5)])
        >>> found.value, round(found.low, 2), found.high
        (1, -0.14, 4)
    """
    undefined = [estimate for estimate in estimates if estimate.is_nan]
    if undefined:
        return undefined[0]
    most = max(estimates, key=lambda estimate: estimate.value)
    # A number without uncertainty is never the largest by chance.
    count = sum(estimate.low < estimate.high for estimate in estimates)
    low = max(estimate.among(count).low for estimate in estimates)
    return replace(most, low=low, high=max(estimate.high for estimate in estimates))


def smallest(estimates: Sequence[Estimate]) -> Estimate:
    """The minimum of several estimates, as `largest`.

    Args:
        estimates: At least one.

    Returns:
        The smallest value with the interval [smallest lower end, smallest upper end of a band that holds for all of
        them].
    """
    return -largest([-estimate for estimate in estimates])


def difference(one: Estimate, other: Estimate) -> Estimate:
    """A difference with the widest interval that those of its parts allow.

    Args:
        one: Of the same unit as the other.
        other: What is taken away.

    Returns:
        The estimate.

    Example:
        >>> difference(Estimate(3.0, 2.0, 4.0), Estimate(1.0, 0.5, 1.5))
        Estimate(value=2.0, low=0.5, high=3.5, trusted=True, unit='')
    """
    ends = one.value - other.value, one.low - other.high, one.high - other.low
    return Estimate(*ends, one.trusted and other.trusted, one.unit)


def ratio(numerator: Estimate, denominator: Estimate) -> Estimate:
    """A quotient with the widest interval that those of its parts allow.

    Args:
        numerator: Of either sign.
        denominator: Meant to be above zero.

    Returns:
        The estimate, without unit; its interval is unbounded where that of the denominator includes zero.

    Example:
        >>> ratio(Estimate(1.0, 0.5, 1.5), Estimate(2.0, 1.0, 3.0))
        Estimate(value=0.5, low=0.16666666666666666, high=1.5, trusted=True, unit='')
    """
    value = numerator.value / denominator.value if denominator.value else math.nan
    trusted = numerator.trusted and denominator.trusted
    # A denominator that may be zero, or is unknown, bounds nothing.
    if not denominator.low > 0:
        return Estimate(value, -math.inf, math.inf, trusted)
    # Above zero n / d is monotone in n and in d, so its extremes lie at their ends.
    ends = [n / d for n in (numerator.low, numerator.high) for d in (denominator.low, denominator.high)]
    return Estimate(value, min(ends), max(ends), trusted)


def percentage_points(fraction: Estimate) -> Estimate:
    """A difference of error rates in percentage points.

    Args:
        fraction: As a fraction.

    Returns:
        A hundred times as much.
    """
    value, low, high = (100 * end for end in (fraction.value, fraction.low, fraction.high))
    return Estimate(value, low, high, fraction.trusted, PERCENTAGE_POINTS)
