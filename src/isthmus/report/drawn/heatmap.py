"""Heat map for the page: layers down, hosts across, the full network apart at the top, barriers beside rises."""

from typing import TYPE_CHECKING

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.scale import colour_limit
from isthmus.report.barriers.table import BarrierTable
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.cells import Cell, Panel, cell_map
from isthmus.report.rows.groups import column_name, group_axis_label, groups_beside
from isthmus.report.shown import CutBarrier
from isthmus.report.values import RISES

if TYPE_CHECKING:
    import xarray as xr


def heatmap(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """The rise or barrier of every layer into every host as a coloured cell with its number.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split.

    Returns:
        The picture; its colours end at `colour_limit`, and what lies beyond is black.
    """
    tables = groups_beside(result, value, split)
    columns = [(shown, host) for shown in tables for host in tables[0].hosts]
    cells = [
        [Cell(cell.estimate, cell.estimate.text + cell.marks, cell_tip(cell, shown)) for cell, shown in row]
        for row in ([(shown.cells[label, host], shown) for shown, host in columns] for label in tables[0].rows)
    ]
    names = [column_name(shown, host, len(tables)) for shown, host in columns]
    panel = Panel(tables[0].rows, names, cells, groups=len(tables[0].hosts))
    notes = dict.fromkeys(note for shown in tables for note in shown.notes)
    return cell_map([panel], colour_limit(tables[0]), group_axis_label(tables), notes)


def cell_tip(cell: CutBarrier, table: BarrierTable) -> str:
    """What a reader who points at a number is told.

    Args:
        cell: The rise or barrier.
        table: Its table.

    Returns:
        Lines: the number with its unit, its interval, its alpha, and what is odd about it.
    """
    where = f"{'' if table.value in RISES else 'largest '}at alpha {cell.alpha:g}"
    lines = [f"{cell.estimate.text} {cell.estimate.interval_text} {table.unit}", where]
    lines += ["maximum at an end of the cut"] * cell.at_end
    lines += [f"carried by fewer than {FEW} examples"] * (not cell.estimate.trusted)
    return "\n".join(lines)
