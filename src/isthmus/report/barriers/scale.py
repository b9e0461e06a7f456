"""Where the scale of rises or barriers ends, in colours and on axes: one for the full network and the layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    from isthmus.report.barriers.table import BarrierTable

TENFOLD = 10.0  # beyond it numbers do not share a scale


def colour_limit(table: "BarrierTable") -> float:
    """Where the diverging colours end, in both directions.

    At the full network's number, so that one scale holds for it and the layers, unless it is more than tenfold the
    layers'. Then the largest of: the layers' reach; a twentieth of the full network's number (so that layers that do
    not matter look pale); the median half-width of the layers' intervals (so that mere noise looks pale). The reach is
    the largest number of a layer that is within ten times the upper quartile, so that a single one far off does not
    bleach the rest. Only finite numbers count.

    Args:
        table: The barriers.

    Returns:
        A positive number in the table's unit.
    """
    return scale_end(
        [cell.estimate.value for cell in table.layer_cells],
        [cell.estimate.value for cell in table.row(FULL_NETWORK)],
        middle([cell.estimate.half_width for cell in table.layer_cells]),
    )


def middle(numbers: "Sequence[float]") -> float:
    """The median of the finite ones.

    Args:
        numbers: Any.

    Returns:
        The median; zero where none is finite.
    """
    finite = [number for number in numbers if np.isfinite(number)]
    return float(np.median(finite)) if finite else 0.0


def scale_end(layers: "Sequence[float]", full: "Sequence[float]", least: float = 0.0) -> float:
    """Where a scale of numbers ends, in both directions: the rule of `colour_limit`.

    Args:
        layers: Numbers of single layers.
        full: Of the full network.
        least: What it reaches at least, for the layers' sake.

    Returns:
        A positive number.
    """
    known = [abs(value) for value in layers if np.isfinite(value)]
    own = max([*_within_reach(known), least])
    most = max((abs(value) for value in full if np.isfinite(value)), default=0.0)
    return (max(own, most) if most <= TENFOLD * own or not known else max(own, most / 20)) or 1.0


def _within_reach(values: "list[float]") -> "list[float]":
    """Numbers without those more than ten times the upper quartile; all, where the quartile is zero."""
    reach = TENFOLD * float(np.quantile(values, 0.75, method="higher")) if values else 0.0
    return [value for value in values if value <= reach or reach == 0] or [0.0]
