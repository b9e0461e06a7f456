"""The numbers that the explorer shows: rises at any alpha, and barriers."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.averaging import RiseName
from isthmus.measures.estimate import Estimate, number_text
from isthmus.report.barriers.table import PERCENT, barrier_table
from isthmus.report.drawn.heatmap import cell_tip
from isthmus.report.kept import kept
from isthmus.report.shown import CutBarrier
from isthmus.report.values import barrier_beside, is_rise, kind_of
from isthmus.results.curves import Curves, rise_along_alpha
from isthmus.results.rows import in_split
from isthmus.results.units import shown_unit
from isthmus.results.variables import OF

if TYPE_CHECKING:
    import xarray as xr

EXCHANGED = 1.0
NO_INTERVAL = "no interval at this alpha"


@dataclass(frozen=True)
class ShownNumber:
    """A number as the explorer shows it.

    Attributes:
        estimate: In the unit shown; without an interval where none is known at this alpha.
        text: With the decimals that the interval of the number at the averaging alpha supports, and marks.
        tip: What a reader who points at it is told.
    """

    estimate: Estimate
    text: str
    tip: str

    @property
    def with_interval(self) -> str:
        """The text and, where it is known, the interval."""
        return f"{self.text} {self.estimate.interval_text}" if math.isfinite(self.estimate.half_width) else self.text


kept_split = kept(in_split)


def factor_of(value: str) -> float:
    """What a stored value is multiplied by to be shown.

    Args:
        value: A rise or barrier.

    Returns:
        100 for errors, which are shown in percentage points.
    """
    return PERCENT if kind_of(value) == "error" else 1.0


@kept
def curves_of(result: "xr.Dataset", value: str, split: str | None) -> Curves:
    """All numbers of one kind, in the unit shown.

    Args:
        result: A measurement.
        value: A rise, along alpha; or a barrier.
        split: Which split.

    Returns:
        For every (row, host) the rises along alpha; or the one barrier.
    """
    part = kept_split(result, split)
    if is_rise(value):
        return rise_along_alpha(part, kind_of(value), factor_of(value))
    found = factor_of(value) * part[value].transpose("moving", "host")
    return {
        (str(row), str(host)): np.asarray([float(found.values[i, j])])
        for i, row in enumerate(found["moving"].values)
        for j, host in enumerate(found["host"].values)
    }


def rise_at(result: "xr.Dataset", value: str, alpha: float) -> RiseName | None:
    """The rise whose interval is known at an alpha.

    Args:
        result: A measurement.
        value: A rise.
        alpha: Of the grid.

    Returns:
        "rise" where the alpha stands for averaging, "exchange_rise" at 1; None elsewhere.
    """
    rises = OF[kind_of(value)].rises
    known: dict[RiseName, float] = {
        "rise": float(result["rise_alpha"]) if "rise_alpha" in result.coords else math.nan,
        "exchange_rise": EXCHANGED,
    }
    return next((name for name, at in known.items() if at == alpha and rises[name].name in result), None)


@kept
def numbers_at(
    result: "xr.Dataset", value: str, split: str | None, alpha: float
) -> tuple[dict[tuple[str, str], ShownNumber], str]:
    """Every number of one kind at one alpha.

    Args:
        result: A measurement.
        value: A rise, or a barrier, which has its own alpha.
        split: Which split.
        alpha: Of the grid.

    Returns:
        For every (row, host) its number; and what all of them are, with the unit.
    """
    if not is_rise(value):
        table = barrier_table(result, value, split)
        return {key: _known(cell, cell_tip(cell, table)) for key, cell in table.cells.items()}, table.axis_label
    unit, name = shown_unit(result, kind_of(value)), rise_at(result, value, alpha)
    words = f"{kind_of(value)} rise at alpha {alpha:g} ({unit})"
    if name is not None:
        table = barrier_table(result, OF[kind_of(value)].rises[name].name, split)
        return {key: _known(cell, cell_tip(cell, table)) for key, cell in table.cells.items()}, words
    i = list(result["alpha"].values).index(alpha)
    beside = barrier_table(result, value if value in result else barrier_beside(value), split)
    found = {}
    for key, curve in curves_of(result, value, split).items():
        text = number_text(float(curve[i]), beside.cells[key].estimate.decimals)
        told = f"{text} {unit}\nat alpha {alpha:g}\n{NO_INTERVAL}"
        found[key] = ShownNumber(Estimate(float(curve[i]), math.nan, math.nan, unit=unit), text, told)
    return found, words


def _known(cell: CutBarrier, tip: str) -> ShownNumber:
    return ShownNumber(cell.estimate, cell.estimate.text + cell.marks, tip)
