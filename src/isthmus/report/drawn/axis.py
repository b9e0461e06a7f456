"""A horizontal or vertical axis: where numbers stand, its ticks, and a break before those that are tenfold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.measures.estimate import number_text

BREAK = 12.0  # between the two pieces of a broken axis


@dataclass(frozen=True)
class Piece:
    """A stretch of an axis with one scale.

    Attributes:
        low: The number at its start.
        high: The number at its end.
        start: Where it starts.
        end: Where it ends.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number stands.

        Args:
            value: Any; NaN gives NaN.

        Returns:
            Its place, at an end for what lies beyond.
        """
        if math.isnan(value):
            return math.nan
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round numbers within the piece.

        Args:
            most: How many, about.

        Returns:
            Places and texts.
        """
        return [(self.at(value), text) for value, text in round_numbers(self.low, self.high, most)]


@dataclass(frozen=True)
class Axis:
    """An axis of one piece, or of more with breaks between them, from the least numbers up."""

    pieces: tuple[Piece, ...]

    def at(self, value: float) -> float:
        """Where a number stands.

        Args:
            value: Any; NaN gives NaN.

        Returns:
            Its place; that of the nearest end for what lies beyond the axis or in a break.
        """
        inside = [piece for piece in self.pieces if value >= piece.low]
        return (inside[-1] if inside else self.pieces[0]).at(value)


def round_numbers(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Multiples of 1, 2 or 5 times a power of ten.

    Args:
        low: The least.
        high: The largest.
        most: How many, about.

    Returns:
        Numbers and their texts.

    Example:
        >>> [text for _, text in round_numbers(-0.11, 0.23, 4)]
        ['−0.1', '0.0', '0.1', '0.2']
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(step * power for step in (1, 2, 5, 10) if (high - low) / (step * power) <= most)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [(number * step, number_text(number * step, decimals)) for number in numbers]


def broken_axis(inside: tuple[float, float], beyond: Sequence[tuple[float, float]], start: float, end: float) -> Axis:
    """An axis that holds some numbers at their scale and what lies far off beyond a break.

    Args:
        inside: The range of the numbers at their scale.
        beyond: Intervals of those far off; those that reach below zero stand before the others.
        start: Where the axis starts.
        end: Where it ends.

    Returns:
        The axis: one piece where nothing lies far off.
    """
    low, high = inside
    above = [ends for ends in beyond if ends[1] > high]
    below = [ends for ends in beyond if ends[0] < low]
    room = (end - start) * 0.27
    pieces: list[Piece] = []
    if below:
        first, last = _spread(below)
        pieces.append(Piece(first, min(last, low), start, start + room - BREAK))
        start += room
    pieces.append(Piece(low, high, start, end - room if above else end))
    if above:
        first, last = _spread(above)
        pieces.append(Piece(max(first, high), last, end - room + BREAK, end))
    return Axis(tuple(pieces))


def _spread(ends: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """What a piece of far-off numbers ranges over, with room around them."""
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    spare = 0.5 * (high - low) or 0.25 * abs(high)
    return low - spare, high + spare
