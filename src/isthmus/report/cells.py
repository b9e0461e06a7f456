"""Cells of a page's tables: the shown text, and the stored value that sorts it."""

import math
from dataclasses import dataclass, replace

from isthmus.measures.estimate import Estimate
from isthmus.report.barriers.table import BarrierTable
from isthmus.report.shown import CutEstimate


@dataclass(frozen=True)
class Cell:
    """What a table shows, the faint words after it, and the stored value as text (empty for text cells)."""

    text: str
    faint: str = ""
    stored: str = ""


@dataclass(frozen=True)
class Table:
    """Column titles and rows; the first cell of a row names it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def barrier_cell(table: BarrierTable, row: str, host: str, *, has_alpha: bool = False) -> Cell:
    """A rise or barrier with its marks, and its interval after it.

    Args:
        table: The numbers.
        row: The layer.
        host: The host.
        has_alpha: Whether the alpha follows at which it was found.

    Returns:
        The cell; it sorts by the number as shown in the table's unit.
    """
    found = table.cells[row, host]
    cell = cut_cell(found)
    if not has_alpha or math.isnan(found.alpha):
        return cell
    return replace(cell, faint=f"{cell.faint} at {found.alpha:.3g}")


def cut_cell(shown: CutEstimate) -> Cell:
    """A number of a cut with its marks, and its interval after it.

    Args:
        shown: The number.

    Returns:
        The cell; it sorts by the number.
    """
    return number_cell(shown.estimate, shown.marks)


def number_cell(estimate: Estimate, marks: str = "") -> Cell:
    """A number with its interval after it.

    Args:
        estimate: The number.
        marks: Stand behind it.

    Returns:
        The cell; it sorts by the number.
    """
    return Cell(estimate.text + marks, estimate.interval_text, repr(estimate.value))
