"""The page's tables as rows of cells: what is shown, and the stored value that sorts it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.report.barrier_table import BarrierTable, barrier_table, in_split, labels, split_names
from isthmus.report.class_heatmap import class_cells, class_names
from isthmus.report.shown_barrier import ShownBarrier, number_text
from isthmus.report.style import row_name
from isthmus.report.values import values_shown

if TYPE_CHECKING:
    import xarray as xr

MANIFEST = {
    "model": "Model",
    "name_a": "Network a",
    "name_b": "Network b",
    "hash_a": "Content hash of a",
    "hash_b": "Content hash of b",
    "data_name": "Data",
    "data_hash": "Hash of the data and its order",
    "num_examples": "Examples",
    "layer_rule": "Layers",
    "loss": "Loss",
    "baseline": "Baseline",
    "batch_norm": "BatchNorm",
    "dtype": "Arithmetic",
    "device": "Device",
    "engine": "Engine",
    "seed": "Seed",
    "interval_target": "Intervals speak of",
    "run_id": "Run",
    "isthmus_version": "isthmus",
    "torch_version": "torch",
}


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


def summary_rows(result: "xr.Dataset", split: str | None) -> Table:
    """Every row of one split with its barriers, ratio, distances and size.

    Args:
        result: A measurement.
        split: Which split.

    Returns:
        The table, the full network first.
    """
    part = in_split(result, split).transpose("host", "moving", ...)
    moving, hosts = labels(part, "moving"), labels(part, "host")
    tables = [barrier_table(result, value, split) for value in values_shown(result)]
    columns = ["Layer", *(f"{table.axis_label} into {host}" for table in tables for host in hosts)]
    shares = [f"r into {host}" for host in hosts] if "loss_rise_share" in part else []
    plain: list[tuple[str, list[float], int]] = []
    named = {"relative_distance": "Relative distance", "cosine": "Cosine", "num_parameters": "Parameters"}
    for name, title in named.items():
        if name in part:
            plain.append((title, [float(x) for x in part[name].values], 0 if name == "num_parameters" else 3))
    status = [str(text) for text in part["cosine_status"].values] if "cosine_status" in part else None
    rows = []
    for row in tables[0].all_rows:
        i = moving.index(row)
        cells = [Cell(row_name(row))]
        cells += [barrier_cell(table, row, host) for table in tables for host in hosts]
        cells += [_share_cell(part, i, j) for j in range(len(hosts))] if shares else []
        for title, values, decimals in plain:
            undefined = title == "Cosine" and status is not None and status[i] != "defined"
            shown = status[i] if undefined and status else number_text(values[i], decimals)
            cells.append(Cell(shown, stored=repr(values[i])))
        rows.append(tuple(cells))
    return Table((*columns, *shares, *(title for title, _, _ in plain)), tuple(rows))


def _share_cell(part: "xr.Dataset", i: int, j: int) -> Cell:
    """r_i with its interval; a dash for the full network and where it has no rise to share."""
    value, low, high = (float(part[f"loss_rise_share{end}"].values[j, i]) for end in ("", "_low", "_high"))
    if math.isnan(value):
        return Cell("–", stored=repr(value))
    shown = ShownBarrier("", "", value, low, high, math.nan, at_end=False)
    return Cell(shown.text, shown.interval_text, repr(value))


def barrier_cell(table: BarrierTable, row: str, host: str) -> Cell:
    """A barrier with its marks, and its interval after it.

    Args:
        table: The barriers.
        row: The layer.
        host: The host.

    Returns:
        The cell; it sorts by the number as shown in the table's unit.
    """
    return _cell(table.cells[row, host])


def _cell(barrier: ShownBarrier) -> Cell:
    return Cell(barrier.text + barrier.marks, barrier.interval_text, repr(barrier.value))


def class_rows(classes: "xr.Dataset", units: Mapping[str, str], split: str | None) -> list[Table]:
    """For every class the layer that hurts it most, into each host, and the full network.

    Args:
        classes: Barriers of every class.
        units: The unit of each value.
        split: Which split.

    Returns:
        One table for loss and one for error.
    """
    tables = []
    for value in values_shown(classes):
        cells, hosts = class_cells(classes, value, split), labels(classes, "host")
        words = f"{value.replace('_', ' ')} ({units[value]})"
        columns = ["Class"]
        for host in hosts:
            columns += [f"Full network into {host}, {words}", f"Largest layer into {host}", f"Its {words}"]
        rows = []
        for name in class_names(classes):
            row = [Cell(name)]
            for host in hosts:
                of_host = {layer: cell for (c, layer, h), cell in cells.items() if c == name and h == host}
                full = of_host.pop("all", None)
                known = [cell for cell in of_host.values() if not math.isnan(cell.value)]
                largest = max(known, key=lambda cell: cell.value, default=None)
                row.append(_cell(full) if full else Cell("not measured"))
                row += [Cell(largest.layer), _cell(largest)] if largest else [Cell("none"), Cell("none")]
            rows.append(tuple(row))
        tables.append(Table(tuple(columns), tuple(rows)))
    return tables


def run_rows(runs: "Sequence[tuple[str, xr.Dataset]]") -> list[Table]:
    """Several runs beside one another: full barrier and largest layer, split by split.

    Args:
        runs: Names and results.

    Returns:
        One table.
    """
    rows = []
    for name, result in runs:
        for split in split_names(result):
            table = barrier_table(result, "loss_barrier", split)
            full = max(table.row("all"), key=_or_lowest)
            largest = max(table.layer_cells, key=_or_lowest, default=None)
            cells = [Cell(name), Cell(split or "all data"), _cell(full)]
            cells += [Cell(f"{largest.layer} into {largest.host}"), _cell(largest)] if largest else [Cell("none")] * 2
            rows.append(tuple(cells))
    columns = ("Run", "Split", "Full network, loss barrier (larger host)", "Largest layer", "Its loss barrier")
    return [Table(columns, tuple(rows))]


def _or_lowest(barrier: ShownBarrier) -> float:
    return -math.inf if math.isnan(barrier.value) else barrier.value


def settings_rows(result: "xr.Dataset") -> list[tuple[str, str]]:
    """How the run was made: its manifest, then every setting.

    Args:
        result: A measurement.

    Returns:
        Names and values as text.
    """
    rows = [(title, str(result.attrs[name])) for name, title in MANIFEST.items() if name in result.attrs]
    settings = json.loads(str(result.attrs.get("settings") or "{}"))
    rows += [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in settings.items()]
    rows += [("Read from a file", note) for note in json.loads(str(result.attrs.get("notes") or "[]"))]
    known = {*MANIFEST, "settings", "notes", "self_checks", "warnings"}
    return rows + [(str(name), str(value)) for name, value in result.attrs.items() if name not in known]
