"""The barriers as a table for a terminal of 80 columns."""

from typing import TYPE_CHECKING

from isthmus.report.barrier_table import barrier_table, split_names
from isthmus.report.shown_barrier import AT_END_MARK, UNTRUSTED_MARK, ShownBarrier
from isthmus.report.style import row_name
from isthmus.report.values import values_shown

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table
    from rich.text import Text

LABEL_WIDTH = 23
ALSO_SHORT = {AT_END_MARK: "largest at alpha 0 or 1", UNTRUSTED_MARK: "interval not to be trusted"}


def summary_table(result: "xr.Dataset") -> "Table":
    """Every row's barriers with 95 % intervals, the full network first, one block a split.

    A row has one line a host, so that long names of layers find room for a second line. Error barriers are in
    percentage points. Marks are explained below the table if they occur.

    Args:
        result: A measurement.

    Returns:
        A table that fits into 80 columns.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    splits, values = split_names(result), values_shown(result)
    first = [barrier_table(result, value, splits[0]) for value in values]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=_title(result), caption_justify="left", title_justify="left")
    table.add_column("layer", max_width=LABEL_WIDTH, overflow="fold")
    table.add_column("into")
    for shown in first:
        unit = "pp" if shown.value == "error_barrier" else shown.unit
        table.add_column(Text(f"{shown.value.replace('_', ' ')} ({unit})"), no_wrap=True)
    marks = ""
    for split in splits:
        tables = [barrier_table(result, value, split) for value in values]
        if split is not None:
            table.add_row(Text(f"{split}:", style="italic"))
        for row in tables[0].all_rows:
            cells = [shown.row(row) for shown in tables]
            marks += "".join(cell.marks for column in cells for cell in column)
            hosts = Text("\n".join(tables[0].hosts))
            bold = "bold" if row == "all" else ""
            table.add_row(Text(row_name(row), style=bold), hosts, *(_column(column) for column in cells))
        table.add_section()
    notes = [f"{mark} {words}" for mark, words in ALSO_SHORT.items() if mark in marks]
    if "error_barrier" in values:
        notes.append("pp: percentage points")
    table.caption = Text("; ".join(notes)) if notes else None
    return table


def _title(result: "xr.Dataset") -> "Text":
    from rich.text import Text

    baseline = result.attrs.get("baseline", "models")
    return Text(f"Barriers over baseline {baseline}, 95 % intervals", style="bold")


def _column(cells: list[ShownBarrier]) -> "Text":
    from rich.text import Text

    width = max(len(cell.text) for cell in cells)
    marks = max(len(cell.marks) for cell in cells)
    lines = [f"{cell.text:>{width}}{cell.marks:<{marks}} {cell.interval_text}" for cell in cells]
    return Text("\n".join(lines))
