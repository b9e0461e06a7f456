"""The members of a collection as a table, for the page and for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from isthmus.report.barrier_table import BarrierTable, barrier_table, labels, split_names
from isthmus.report.columns import of_sweep
from isthmus.report.page_tables import Cell, Table
from isthmus.report.shown_barrier import ShownBarrier, number_text
from isthmus.report.text import ALSO_SHORT
from isthmus.report.values import values_shown

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table as RichTable

DIMENSIONS = ("pair", "step")


def has_members(result: "xr.Dataset") -> bool:
    """Whether a result is that of a collection.

    Args:
        result: A measurement.

    Returns:
        True if it has a dimension `pair` or `step`.
    """
    return any(dim in result.dims for dim in DIMENSIONS)


def members(result: "xr.Dataset") -> "Iterator[tuple[tuple[str, ...], xr.Dataset]]":
    """The members of a collection, each as a measurement.

    Args:
        result: A collection.

    Yields:
        Labels along its dimensions, and the result of the member.
    """
    dims = [dim for dim in DIMENSIONS if dim in result.dims]
    names = {dim: labels(result, dim) for dim in dims}
    for place in np.ndindex(*(result.sizes[dim] for dim in dims)):
        chosen = dict(zip(dims, place, strict=True))
        yield tuple(names[dim][i] for dim, i in chosen.items()), result.isel(chosen)


def members_table(result: "xr.Dataset") -> Table:
    """One row a member and split: the networks alone, the full network's barriers, the layer with the largest.

    Args:
        result: A collection.

    Returns:
        The table.
    """
    dims = [dim.capitalize() for dim in DIMENSIONS if dim in result.dims]
    result, splits = _of_layers(result), split_names(result)
    ends = [name for name in ("loss_a", "loss_b") if name in result]
    columns: list[str] = []
    rows = []
    for names, member in members(result):
        for split in splits:
            tables = [barrier_table(member, value, split) for value in values_shown(member)]
            part = member if split is None or "split" not in member.dims else member.sel(split=split)
            cells = [Cell(name) for name in names] + ([Cell(split)] if split is not None else [])
            cells += [Cell(number_text(float(part[end]), 3), stored=repr(float(part[end]))) for end in ends]
            cells += [_cell(table.cells["all", host]) for table in tables for host in table.hosts]
            most = largest_layer(tables[0])
            cells += [Cell(f"{most.layer} into {most.host}"), _cell(most)] if most else [Cell("none"), Cell("none")]
            columns = [
                *dims,
                *(["Split"] if split is not None else []),
                *(end.replace("_", " of ").capitalize() for end in ends),
                *(f"Full network, {table.axis_label} into {host}" for table in tables for host in table.hosts),
                "Largest layer",
                f"Its {tables[0].axis_label}",
            ]
            rows.append(tuple(cells))
    return Table(tuple(columns), tuple(rows))


def _of_layers(result: "xr.Dataset") -> "xr.Dataset":
    return of_sweep(result, "single") if "single" in result["sweep"].values else result


def largest_layer(table: BarrierTable) -> ShownBarrier | None:
    """The layer and host with the largest barrier.

    Args:
        table: The barriers.

    Returns:
        None if there is no layer whose barrier is a number.
    """
    known = [cell for cell in table.layer_cells if not np.isnan(cell.value)]
    return max(known, key=lambda cell: cell.value, default=None)


def _cell(barrier: ShownBarrier) -> Cell:
    return Cell(barrier.text + barrier.marks, barrier.interval_text, repr(barrier.value))


def members_text(result: "xr.Dataset") -> "RichTable":
    """One block a member for a terminal of 80 columns: full network and largest layer, with 95 % intervals.

    Args:
        result: A collection.

    Returns:
        The table.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    result, splits, values = _of_layers(result), split_names(result), values_shown(result)
    baseline = result.attrs.get("baseline", "models")
    title = Text(f"Barriers over baseline {baseline}, 95 % intervals", style="bold")
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", caption_justify="left")
    table.add_column(" ".join(dim for dim in DIMENSIONS if dim in result.dims), overflow="fold", max_width=20)
    table.add_column("moving", overflow="fold", max_width=26)
    for shown in (barrier_table(next(members(result))[1], value, splits[0]) for value in values):
        unit = "pp" if shown.value == "error_barrier" else shown.unit
        table.add_column(f"{shown.value.replace('_', ' ')} ({unit})", no_wrap=True)
    marks = ""
    for names, member in members(result):
        for split in splits:
            tables = [barrier_table(member, value, split) for value in values]
            most = largest_layer(tables[0])
            rows = [("all", host) for host in tables[0].hosts] + ([(most.layer, most.host)] if most else [])
            label = Text("\n".join([*names, *([f"{split}:"] if split else [])]))
            moving = "\n".join(f"{'full' if row == 'all' else row} into {host}" for row, host in rows)
            marks += "".join(shown.cells[row].marks for shown in tables for row in rows)
            lines = ["\n".join(_line(shown.cells[row]) for row in rows) for shown in tables]
            table.add_row(label, Text(moving), *map(Text, lines))
    notes = ["the full network, and the layer with the largest loss barrier"]
    notes += [f"{mark} {words}" for mark, words in ALSO_SHORT.items() if mark in marks]
    notes += ["pp: percentage points"] if "error_barrier" in values else []
    table.caption = Text("; ".join(notes))
    return table


def _line(cell: ShownBarrier) -> str:
    return f"{cell.text}{cell.marks} {cell.interval_text}"
