"""Error rates as a reader sees them: accuracy in percent, differences in percentage points, better is more."""

import math
from dataclasses import replace

from isthmus.measures.estimate import Estimate, number_text, percentage_points
from isthmus.report.cells import Cell

MOST_DECIMALS = 2


def accuracy(error_rate: Estimate) -> Estimate:
    """An accuracy in percent.

    Args:
        error_rate: As a fraction.

    Returns:
        100 (1 - error rate). Student's interval may end beyond 0 or 100 %, where no accuracy is: there it ends here.

    Example:
        >>> accuracy(Estimate(0.25, 0.0, 0.5))
        Estimate(value=75.0, low=50.0, high=100.0, trusted=True, unit='%')
    """
    value, low, high = (100 * (1 - end) for end in (error_rate.value, error_rate.high, error_rate.low))
    if math.isfinite(error_rate.half_width):
        low, high = max(low, 0.0), min(high, 100.0)
    return Estimate(value, low, high, error_rate.trusted, "%")


def gain(difference: Estimate) -> Estimate:
    """A difference of accuracies in percentage points.

    Args:
        difference: Of error rates.

    Returns:
        Above zero where the first is better.
    """
    return -percentage_points(difference)


def gain_words(difference: Estimate) -> str:
    """A difference of accuracies in a sentence.

    Args:
        difference: Of error rates.

    Returns:
        Such as "2.1 points (0.5 to 3.7)".
    """
    return _words(gain(difference), " points")


def accuracy_words(error_rate: Estimate) -> str:
    """An accuracy in a sentence.

    Args:
        error_rate: As a fraction.

    Returns:
        Such as "84.1 % (82.0 to 86.2)"; of one seed without interval.
    """
    return _words(accuracy(error_rate), " %")


def loss_words(loss: Estimate) -> str:
    """A loss in a sentence.

    Args:
        loss: As measured.

    Returns:
        Such as "0.31 (0.28 to 0.34)"; of one seed without interval.
    """
    return _words(loss, "")


def percent_cell(shown: Estimate, *, signed: bool = False) -> Cell:
    """A number in percent or points with its interval.

    Args:
        shown: From `accuracy` or `gain`.
        signed: Whether a plus stands before what is above zero.

    Returns:
        The cell; without interval where there is one seed.
    """
    plus = "+" if signed and shown.value > 0 else ""
    low, high = (number_text(end, _decimals(shown)) for end in (shown.low, shown.high))
    interval = f"[{low}, {high}]" if math.isfinite(shown.half_width) else ""
    return Cell(plus + number_text(shown.value, _decimals(shown)), interval, repr(shown.value))


def without_interval(shown: Estimate) -> Cell:
    """The number alone.

    Args:
        shown: From `accuracy` or `gain`.

    Returns:
        The cell.
    """
    return replace(percent_cell(shown), faint="")


def _words(shown: Estimate, unit: str) -> str:
    value, low, high = (number_text(end, _decimals(shown)) for end in (shown.value, shown.low, shown.high))
    return f"{value}{unit} ({low} to {high})" if math.isfinite(shown.half_width) else f"{value}{unit}"


def _decimals(shown: Estimate) -> int:
    if not shown.unit and math.isfinite(shown.value):  # a loss, which may be far below 1
        return shown.decimals if math.isfinite(shown.half_width) else 3
    return 1 if shown.is_exact else min(MOST_DECIMALS, shown.decimals)
