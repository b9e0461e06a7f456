"""The page's tables as rows of cells: what is shown, and the stored value that sorts it."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.measures.estimate import Estimate, number_text
from isthmus.report.barriers.classes import class_cells, class_names, class_values
from isthmus.report.barriers.table import barrier_table
from isthmus.report.cells import Cell, Table, barrier_cell, cut_cell, number_cell
from isthmus.report.shown import chosen, largest
from isthmus.report.style import row_name
from isthmus.report.values import barrier_beside, columns_of, is_rise, kind_of, main_values, value_words, values_shown
from isthmus.results.estimates import estimates_of
from isthmus.results.rows import in_split, labels, split_names
from isthmus.sweeps.group import FULL_NETWORK

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
    "stored_loss_a": "Loss of a as stored, without recalibration",
    "stored_loss_b": "Loss of b as stored, without recalibration",
    "stored_error_a": "Error rate of a as stored",
    "stored_error_b": "Error rate of b as stored",
    "dtype": "Arithmetic",
    "device": "Device",
    "engine": "Engine",
    "seed": "Seed",
    "interval_target": "Intervals speak of",
    "run_id": "Run",
    "isthmus_version": "isthmus",
    "torch_version": "torch",
}


def attribute_list(attrs: Mapping[Any, Any], name: str) -> list[Any]:
    """An attribute that holds a list as JSON.

    Args:
        attrs: Of a result.
        name: Of the attribute.

    Returns:
        The list; empty where there is no such attribute.
    """
    found = json.loads(str(attrs.get(name) or "[]"))
    return found if isinstance(found, list) else [found]


def summary_rows(result: "xr.Dataset", split: str | None) -> Table:
    """Every row of one split with its rises and barriers, its share of the full network's rise, distances and size.

    Args:
        result: A measurement.
        split: Which split.

    Returns:
        The table, the full network first.
    """
    part = in_split(result, split).transpose("host", "moving", ...)
    moving, hosts = labels(part, "moving"), labels(part, "host")
    numbers = [column for value in values_shown(result) for column in columns_of(result, kind_of(value))]
    tables = [barrier_table(result, column.value, split) for column in numbers]
    columns = ["Layer", *(f"{table.axis_label} into {host}" for table in tables for host in hosts)]
    share = estimates_of(part, "loss_rise_share") if "loss_rise_share" in part else {}
    shares = [f"r into {host}" for host in hosts] if share else []
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
        cells += [
            barrier_cell(table, row, host, has_alpha=column.has_alpha)
            for column, table in zip(numbers, tables, strict=True)
            for host in hosts
        ]
        cells += [_share_cell(share[host, row]) for host in hosts] if share else []
        for title, values, decimals in plain:
            undefined = title == "Cosine" and status is not None and status[i] != "defined"
            shown = status[i] if undefined and status else number_text(values[i], decimals)
            cells.append(Cell(shown, stored=repr(values[i])))
        rows.append(tuple(cells))
    return Table((*columns, *shares, *(title for title, _, _ in plain)), tuple(rows))


def _share_cell(share: Estimate) -> Cell:
    """r_i with its interval; a dash for the full network and where it has no rise to share."""
    return Cell("–", stored=repr(share.value)) if share.is_nan else number_cell(share)


def class_rows(classes: "xr.Dataset", units: Mapping[str, str], split: str | None) -> list[Table]:
    """For every class the full network, and the layer that hurts it most, into each host: rises beside barriers.

    Args:
        classes: Rises and barriers of every class.
        units: The unit of the loss and of the error.
        split: Which split.

    Returns:
        One table for loss and one for error.
    """
    tables = []
    for main in class_values(classes):
        kind, hosts = kind_of(main), labels(classes, "host")
        values = list(dict.fromkeys([main, barrier_beside(main)]))
        found = {value: class_cells(classes, value, split) for value in values}
        words = [f"{value_words(value)} ({units[kind]})" for value in values]
        columns = ["Class"]
        for host in hosts:
            columns += [f"Full network into {host}, {word}" for word in words]
            columns += [f"Largest layer into {host}", *(f"Its {word}" for word in words)]
        rows = []
        for name in class_names(classes):
            row = [Cell(name)]
            for host in hosts:
                of_host = {layer: cell for (c, layer, h), cell in found[main].items() if c == name and h == host}
                of_host.pop(FULL_NETWORK, None)
                most = largest(of_host.values())
                full = [found[value].get((name, FULL_NETWORK, host)) for value in values]
                row += [cut_cell(cell) if cell else Cell("not measured") for cell in full]
                row.append(Cell(most.layer if most else "none"))
                row += [
                    cut_cell(chosen(found[value][name, most.layer, host], len(of_host))) if most else Cell("none")
                    for value in values
                ]
            rows.append(tuple(row))
        tables.append(Table(tuple(columns), tuple(rows)))
    return tables


def run_rows(runs: "Sequence[tuple[str, xr.Dataset]]") -> list[Table]:
    """Several runs beside one another: what averaging everything costs, and the layer that costs most.

    Args:
        runs: Names and results.

    Returns:
        One table; rises beside barriers, a dash where a run was made before there were rises.
    """
    rows = []
    for name, result in runs:
        for split in split_names(result):
            (main, *_), barriers = main_values(result), barrier_table(result, "loss_barrier", split)
            table = barrier_table(result, main, split)
            cells = [Cell(name), Cell(split or "all data")]
            for of, is_layer in ((table.row(FULL_NETWORK), False), (table.layer_cells, True)):
                found = largest(of)
                cells += [Cell(f"{found.layer} into {found.host}" if found else "none")] if is_layer else []
                beside = (
                    [cut_cell(chosen(barriers.cells[found.layer, found.host], len(of)))] if found else [Cell("none")]
                )
                cells += [cut_cell(found) if found and is_rise(main) else Cell("–"), *beside]
            rows.append(tuple(cells))
    columns = (
        "Run", "Split", "Full network, loss rise (host that pays more)", "Its loss barrier", "Layer that costs most",
        "Its loss rise", "Its loss barrier",
    )  # fmt: skip
    return [Table(columns, tuple(rows))]


def settings_rows(result: "xr.Dataset") -> list[tuple[str, str]]:
    """How the run was made: its manifest, then every setting.

    Args:
        result: A measurement.

    Returns:
        Names and values as text.
    """
    rows = [(title, str(result.attrs[name])) for name, title in MANIFEST.items() if name in result.attrs]
    settings = json.loads(str(result.attrs.get("settings") or "{}"))
    asked = {name: value for name, value in settings.items() if name not in result.attrs}  # else: as it took effect
    rows += [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in asked.items()]
    rows += [("Read from a file", note) for note in attribute_list(result.attrs, "notes")]
    rows += [("Cannot be told from others", part) for part in attribute_list(result.attrs, "unidentified")]
    # Where a run lies is nobody else's business, and the page is the same wherever it does.
    known = {*MANIFEST, "settings", "notes", "unidentified", "self_checks", "warnings", "run_folder"}
    return rows + [(str(name), str(value)) for name, value in result.attrs.items() if name not in known]
