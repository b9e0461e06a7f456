"""One barrier as the report shows it: its digits, its interval, its marks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from isthmus.measures.intervals.simultaneous import simultaneous_ends

AT_END_MARK = "†"
FEW_EXAMPLES_MARK = "‡"


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
class ShownBarrier:
    """The barrier of one layer into one host; nats or the loss's own unit, percentage points for errors."""

    layer: str
    host: str
    value: float
    low: float
    high: float
    alpha: float
    at_end: bool
    is_carried_by_few: bool = False

    @property
    def half_width(self) -> float:
        """Half of the interval's length; infinite or NaN where one of its ends is."""
        return (self.high - self.low) / 2

    @property
    def decimals(self) -> int:
        """Decimals that the interval supports.

        The place of the half-width's first significant digit (0.034 gives 2), at least one, at most four.
        An interval of length zero supports all four, an infinite or undefined one a single decimal.
        """
        half = self.half_width
        if not math.isfinite(half):
            return 1
        return 4 if half <= 0 else min(4, max(1, -math.floor(math.log10(half))))

    @property
    def marks(self) -> str:
        """`†` for a maximum at an end of the cut, `‡` for a number that few examples carry."""
        return AT_END_MARK * self.at_end + FEW_EXAMPLES_MARK * self.is_carried_by_few

    @property
    def text(self) -> str:
        """The value with the decimals that its interval supports."""
        return number_text(self.value, self.decimals)

    @property
    def interval_text(self) -> str:
        """The interval with the decimals of the value, such as `"[−0.01, 0.03]"`."""
        return f"[{number_text(self.low, self.decimals)}, {number_text(self.high, self.decimals)}]"


def largest(cells: Iterable[ShownBarrier]) -> ShownBarrier | None:
    """The largest number that is one, with an interval that holds though it was chosen for its size.

    Args:
        cells: Rises or barriers.

    Returns:
        The cell, as `chosen`; None where all are NaN.
    """
    known = [cell for cell in cells if not math.isnan(cell.value)]
    return chosen(max(known, key=lambda cell: cell.value), len(known)) if known else None


def chosen(cell: ShownBarrier, count: int) -> ShownBarrier:
    """A number that was chosen for being large.

    Args:
        cell: The number with its own interval.
        count: Among how many it was chosen.

    Returns:
        The same with the lower end of a band that holds for all of them
        (`isthmus.measures.intervals.simultaneous.simultaneous_ends`). The upper end stays: what looks largest is seldom
        underestimated.
    """
    return replace(cell, low=simultaneous_ends(cell.value, cell.low, cell.high, count)[0])
