"""The colours of numbers: white at zero, red above, blue below, and black beyond the scale."""

from functools import lru_cache

from isthmus.report.style import BEYOND

STOPS = ("#053061", "#2a71b2", "#6bacd1", "#c2ddec", "#f7f6f6", "#fbccb4", "#e48066", "#ba2832", "#67001f")
STEPS = 32  # shades to either side of zero: more could not be told apart


def shade(value: float, limit: float) -> int:
    """Which shade stands for a number.

    Args:
        value: Any but NaN.
        limit: Where the scale ends in both directions.

    Returns:
        From -32 to 32; -33 or 33 beyond the scale.
    """
    if abs(value) > limit:
        return (STEPS + 1) * (1 if value > 0 else -1)
    return round(STEPS * value / limit)


@lru_cache
def shade_colour(number: int) -> str:
    """A shade as the page draws it.

    Args:
        number: From `shade`.

    Returns:
        Such as "#67001f".
    """
    if abs(number) > STEPS:
        return BEYOND[1 if number > 0 else -1]
    place = (number / STEPS + 1) / 2 * (len(STOPS) - 1)
    left = min(int(place), len(STOPS) - 2)
    first, second = (_parts(STOPS[left + i]) for i in (0, 1))
    return "#" + "".join(f"{round(a + (b - a) * (place - left)):02x}" for a, b in zip(first, second, strict=True))


def contrast(first: str, second: str) -> float:
    """How well one colour is read on another, by WCAG 2.

    Args:
        first: A colour.
        second: The other.

    Returns:
        From 1 to 21; text needs 4.5.
    """
    low, high = sorted(map(_luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


@lru_cache
def ink_on(number: int) -> str:
    """The rule of text on a shade.

    Args:
        number: From `shade`.

    Returns:
        "on-dark" or "on-light": what is read better.
    """
    colour = shade_colour(number)
    return "on-dark" if contrast(colour, "#ffffff") > contrast(colour, "#000000") else "on-light"


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
