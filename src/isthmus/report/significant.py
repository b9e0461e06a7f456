"""Numbers of unknown size as text."""

import math

from isthmus.measures.estimate import Estimate, number_text


def significant_text(value: float, digits: int = 3) -> str:
    """A number with a fixed count of significant digits and a true minus sign.

    Args:
        value: Any float, also NaN or infinite.
        digits: How many.

    Returns:
        Text such as `"−0.0123"`, `"4.1e−7"`, `"NaN"`, `"∞"`.

    Example:
        >>> significant_text(-0.012345), significant_text(0.00000041), significant_text(0.0)
        ('−0.0123', '4.1e−07', '0')
    """
    return f"{value:.{digits}g}".replace("-", "−") if math.isfinite(value) else number_text(value, digits)


def interval_text(estimate: Estimate, digits: int = 2) -> str:
    """An interval in brackets.

    Args:
        estimate: The number that has it.
        digits: Significant digits of each end.

    Returns:
        Text such as `"[−0.01, 0.03]"`.
    """
    return f"[{significant_text(estimate.low, digits)}, {significant_text(estimate.high, digits)}]"


def ends_text(estimate: Estimate, digits: int = 2) -> str:
    """An interval without brackets.

    Args:
        estimate: The number that has it.
        digits: Significant digits of each end.

    Returns:
        Text such as `"−0.01 to 0.03"`.
    """
    return f"{significant_text(estimate.low, digits)} to {significant_text(estimate.high, digits)}"


def interval_words(estimate: Estimate) -> str:
    """A number and its interval.

    Args:
        estimate: The number.

    Returns:
        Text such as `"0.0123 (95 % interval −0.01 to 0.03)"`.
    """
    return f"{significant_text(estimate.value)} (95 % interval {ends_text(estimate)})"
