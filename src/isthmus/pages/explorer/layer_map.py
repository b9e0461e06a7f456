"""The explorer's map: layers down, hosts across, at one alpha."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from isthmus.pages.explorer.numbers import NO_INTERVAL, numbers_at
from isthmus.report.barriers.table import mark_notes
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.cells import Cell, Panel, cell_map
from isthmus.results.rows import labels

LONGEST_NAME = 34
"""Characters: two columns leave room for more than pictures of many."""

if TYPE_CHECKING:
    import xarray as xr


def layer_map(
    result: "xr.Dataset", value: str, split: str | None, alpha: float, rows: Sequence[str], limit: float
) -> Canvas:
    """What averaging every layer costs every host, as coloured cells with their numbers.

    Args:
        result: A measurement.
        value: A rise, shown at the alpha, or a barrier.
        split: Which split.
        alpha: Of the grid.
        rows: Labels of `moving`, the full network first.
        limit: Where the colours end.

    Returns:
        The picture.
    """
    numbers, words = numbers_at(result, value, split, alpha)
    hosts = labels(result, "host")
    shown = [[numbers[row, host] for host in hosts] for row in rows]
    cells = [[Cell(one.estimate, one.text, one.tip) for one in row] for row in shown]
    has_intervals = any(math.isfinite(one.estimate.half_width) for row in shown for one in row)
    notes = [] if has_intervals else [f"There is {NO_INTERVAL}."]
    marks = (one.text for row in shown for one in row)
    notes += mark_notes(marks, str(result.attrs.get("baseline", "models")))
    panel = Panel(list(rows), [f"into {host}" for host in hosts], cells)
    return cell_map([panel], limit, words, notes, longest_name=LONGEST_NAME)
