"""Numbers of unknown size as text."""

import math

from isthmus.report.shown import number_text


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


def interval_text(low: float, high: float, digits: int = 2) -> str:
    """An interval in brackets.

    Args:
        low: Its lower end.
        high: Its upper end.
        digits: Significant digits of each.

    Returns:
        Text such as `"[−0.01, 0.03]"`.
    """
    return f"[{significant_text(low, digits)}, {significant_text(high, digits)}]"
