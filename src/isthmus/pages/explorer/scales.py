"""Scales that all explored members share, so that one can go from one to the other and trust one's eye."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from isthmus.measures.barrier import Quantity
from isthmus.pages.explorer.class_picture import class_value, kept_cells
from isthmus.pages.explorer.explored import Explored, Loaded
from isthmus.pages.explorer.numbers import EXCHANGED, curves_of, factor_of, kept_split
from isthmus.report.barriers.scale import middle, scale_end
from isthmus.report.kept import one_page
from isthmus.report.values import is_rise
from isthmus.results.curves import Curve
from isthmus.results.variables import NUMBERS, OF
from isthmus.sweeps.group import FULL_NETWORK

Ends = dict[str, list[tuple[float, float]]]
"""Row -> the smallest and the largest number of every member, split and host."""
Kind = tuple[str, bool]
"""A variable, and whether layers are exchanged (alpha 1): that may cost tenfold what averaging does."""


class Scales:
    """Where colours and axes end, from one pass over all members, of which few are in memory at a time."""

    def __init__(self) -> None:
        self._numbers: dict[Kind, Ends] = defaultdict(lambda: defaultdict(list))
        self._classes: dict[str, Ends] = defaultdict(lambda: defaultdict(list))
        self._widths: dict[str, list[float]] = defaultdict(list)

    @classmethod
    def of(cls, explored: Explored) -> "Scales":
        """The scales of all members.

        Args:
            explored: The runs.

        Returns:
            The scales.
        """
        scales = cls()
        for number in range(len(explored.members)):
            scales.add(explored.loaded(number))
        return scales

    @one_page()
    def add(self, loaded: Loaded) -> None:
        """Take a member into account.

        Args:
            loaded: The member.
        """
        for split in loaded.options.splits:
            for value in loaded.options.values:
                for (row, _), curve in curves_of(loaded.result, value, split).items():
                    if row in loaded.options.layers:
                        for is_exchange, numbers in _apart(loaded, value, curve):
                            _take(self._numbers[value, is_exchange][row], numbers)
                self._widths[value] += _half_widths(loaded, value, split)
            for kind in OF:
                if loaded.classes is not None and OF[kind].barrier.name in loaded.result:
                    cells = kept_cells(loaded.classes, class_value(loaded.classes, kind), split)
                    for (_, row, _), cell in cells.items():
                        _take(self._classes[kind][row], np.array([cell.estimate.value]))

    def colour_limit(self, value: str, rows: Iterable[str], alpha: float) -> float:
        """Where the colours of some rows end: the rule of one measurement over the cuts of all members.

        Args:
            value: A rise, of which the largest between the networks counts, or a barrier.
            rows: Labels of `moving`.
            alpha: Where; the exchange has a scale of its own.

        Returns:
            A positive number in the unit that is shown.
        """
        numbers = self._numbers[value, is_rise(value) and alpha == EXCHANGED]
        found = {row: _reaches(numbers[row]) for row in rows}
        full = found.pop(FULL_NETWORK, [])
        layers = [reach for of_row in found.values() for reach in of_row]
        return scale_end(layers, full, middle(self._widths[value]))

    def curve_ends(self, value: str, row: str) -> tuple[float, float]:
        """The range of a row's curves, without those that are far off.

        Args:
            value: A rise.
            row: A label of `moving`.

        Returns:
            The lower end, zero at most, and the upper end, zero at least.
        """
        return _range([ends for is_exchange in (False, True) for ends in self._numbers[value, is_exchange][row]])

    def class_ends(self, kind: Quantity, row: str) -> tuple[float, float]:
        """The range of a row's numbers of classes, as `curve_ends`.

        Args:
            kind: "loss" or "error".
            row: A label of `moving`.

        Returns:
            Both ends.
        """
        return _range(self._classes[kind][row])


def _apart(loaded: Loaded, value: str, curve: Curve) -> list[tuple[bool, Curve]]:
    """The numbers on the way, and those of the exchange."""
    if not is_rise(value):
        return [(False, curve)]
    is_exchange = np.array(loaded.options.alphas) == EXCHANGED
    return [(False, curve[~is_exchange]), (True, curve[is_exchange])]


def _take(into: list[tuple[float, float]], numbers: Curve) -> None:
    finite = numbers[np.isfinite(numbers)]
    if finite.size:
        into.append((float(finite.min()), float(finite.max())))


def _reaches(ends: Iterable[tuple[float, float]]) -> list[float]:
    return [max(abs(low), abs(high)) for low, high in ends]


def _range(ends: list[tuple[float, float]]) -> tuple[float, float]:
    reach = scale_end(_reaches(ends), [])
    numbers = np.clip([0.0, *(end for both in ends for end in both)], -reach, reach)
    return float(numbers.min()), float(numbers.max())


def _half_widths(loaded: Loaded, value: str, split: str | None) -> list[float]:
    number = NUMBERS.get(value)
    if number is None or number.low not in loaded.result:
        return []
    part = kept_split(loaded.result, split)
    widths = (part[number.high] - part[number.low]) / 2 * factor_of(value)
    return [float(width) for width in widths.values.ravel()]
