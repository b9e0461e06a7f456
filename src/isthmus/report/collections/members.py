"""The members of a collection as a table, for the page and for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.estimate import number_text
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.barriers.terminal import column_text, empty_table, networks_text, short_notes
from isthmus.report.cells import Cell, Table, barrier_cell, cut_cell
from isthmus.report.collections.columns import kept_sweep, place
from isthmus.report.collections.pictures import collection_readings
from isthmus.report.shown import CutBarrier, chosen, largest
from isthmus.report.style import row_name
from isthmus.report.values import RISES, VALUES, both_values, columns_of
from isthmus.results.rows import in_split, labels, single_layers, split_names
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.sweeps.single import Single

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table as RichTable
    from rich.text import Text

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
    for numbers in np.ndindex(*(result.sizes[dim] for dim in dims)):
        member = result
        for dim, number in zip(dims, numbers, strict=True):
            member = place(member, dim, number)
        yield tuple(names[dim][number] for dim, number in zip(dims, numbers, strict=True)), member


def members_table(result: "xr.Dataset") -> Table:
    """One row a member and split: the networks alone, what averaging everything costs, the layer that costs most.

    Args:
        result: A collection.

    Returns:
        The table; rises with the barriers beside them, the barriers alone of a result without rises.
    """
    dims = [dim.capitalize() for dim in DIMENSIONS if dim in result.dims]
    result, splits = _of_layers(result), split_names(result)
    ends = [name for name in ("loss_a", "loss_b") if name in result]
    columns: list[str] = []
    rows = []
    for names, member in members(result):
        for split in splits:
            tables = [barrier_table(member, value, split) for value in both_values(member)]
            of_loss = [table for table in tables if table.value.startswith("loss")]
            part = member if split is None or "split" not in member.dims else member.sel(split=split)
            cells = [Cell(name) for name in names] + ([Cell(split)] if split is not None else [])
            cells += [Cell(number_text(float(part[end]), 3), stored=repr(float(part[end]))) for end in ends]
            cells += [barrier_cell(table, FULL_NETWORK, host) for table in tables for host in table.hosts]
            most = largest(tables[0].layer_cells)
            cells += [Cell(f"{most.layer} into {most.host}" if most else "none")]
            cells += [cut_cell(_same_cut(table, most)) if most else Cell("none") for table in of_loss]
            columns = [
                *dims,
                *(["Split"] if split is not None else []),
                *(end.replace("_", " of ").capitalize() for end in ends),
                *(f"Full network, {table.axis_label} into {host}" for table in tables for host in table.hosts),
                "Layer that costs most" if len(of_loss) > 1 else "Largest layer",
                *(f"Its {table.axis_label}" for table in of_loss),
            ]
            rows.append(tuple(cells))
    return Table(tuple(columns), tuple(rows))


def _of_layers(result: "xr.Dataset") -> "xr.Dataset":
    return kept_sweep(result, Single.name) if single_layers(result) else result


def _same_cut(table: BarrierTable, most: CutBarrier) -> CutBarrier:
    """Another number of the cut that costs most, chosen with it."""
    return chosen(table.cells[most.layer, most.host], len(table.layer_cells))


def members_texts(result: "xr.Dataset") -> "list[RichTable | Text]":
    """What a terminal of 80 columns shows of a collection.

    Args:
        result: A collection.

    Returns:
        For every member what averaging the full network costs, and the layer that costs most, with 95 % intervals and
        the barriers beside; then how good its networks are alone, and what the numbers say along steps and pairs.
    """
    from rich.text import Text

    result, splits = _of_layers(result), split_names(result)
    lines = [""]
    for names, member in members(result):
        for split in splits:
            words = " ".join([*names, *([split] if split else [])])
            lines.append(f"{words}: {networks_text(in_split(member, split))}")
    lines += collection_readings(result)
    return [_members_text(result), Text("\n".join(lines))]


def _members_text(result: "xr.Dataset") -> "RichTable":
    from rich.text import Text

    columns = [
        column
        for kind, of in OF.items()
        if of.barrier.name in result
        for column in columns_of(result, kind)
        if column.value in {*RISES, *VALUES}
    ]
    first = [barrier_table(next(members(result))[1], column.value, split_names(result)[0]) for column in columns]
    table = empty_table(result, "moving", columns, first)
    marks = ""
    for names, member in members(result):
        for split in split_names(result):
            tables = [barrier_table(member, column.value, split) for column in columns]
            most = largest(tables[0].layer_cells)
            rows = [(FULL_NETWORK, host) for host in tables[0].hosts] + ([(most.layer, most.host)] if most else [])
            cells = [[*shown.row(FULL_NETWORK), *([_same_cut(shown, most)] if most else [])] for shown in tables]
            marks += "".join(cell.marks for line in cells for cell in line)
            table.add_row(Text(" ".join([*names, *([split] if split else [])]) + ":", style="italic"))
            moving, hosts = zip(*((row_name(row), host) for row, host in rows), strict=True)
            numbers = (column_text(line, column) for line, column in zip(cells, columns, strict=True))
            table.add_row(Text("\n".join(moving)), Text("\n".join(hosts)), *numbers)
    notes = ["the full network, and the layer that costs most", *short_notes(marks, columns)]
    table.caption = Text("; ".join(notes))
    return table
