"""What the explorer says of one layer: its numbers, its neighbours, and the groups that move it with others."""

import math
from typing import TYPE_CHECKING

from isthmus.measures.estimate import UNKNOWN, Estimate, number_text
from isthmus.pages.explorer.numbers import ShownNumber, kept_split, numbers_at
from isthmus.report.barriers.table import barrier_table
from isthmus.report.cells import Cell, Table, barrier_cell, number_cell
from isthmus.report.kept import kept
from isthmus.report.style import row_name
from isthmus.report.values import columns_of, kind_of, value_words
from isthmus.results.estimates import estimates_of
from isthmus.results.rows import labels, layers_moved, single_layers
from isthmus.results.variables import OF

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.measures.barrier import Quantity

kept_moved = kept(layers_moved)
NEIGHBOURS, MOST_GROUPS = 2, 6
OF_WEIGHTS = {
    "distance": "Distance",
    "relative_distance": "Relative distance",
    "cosine": "Cosine",
    "num_parameters": "Parameters",
}
SHARE = "loss_rise_share"


def facts(result: "xr.Dataset", kind: "Quantity", split: str | None, row: str, host: str) -> Table:
    """Everything that is known of one layer and host.

    Args:
        result: A measurement.
        kind: "loss" or "error".
        split: Which split.
        row: A label of `moving`.
        host: Which host.

    Returns:
        A row each: rises and the barrier with their intervals and alphas, its share of the full network's rise, how far
        apart its weights are, its parameters.
    """
    rows = []
    for column in columns_of(result, kind):
        table = barrier_table(result, column.value, split)
        cell = barrier_cell(table, row, host, has_alpha=True)
        rows.append((Cell(f"{value_words(column.value).capitalize()} ({table.unit})"), cell))
    share = _shares(result, split).get((host, row), UNKNOWN)
    if not share.is_nan:
        rows.append((Cell("r: 1 is an equal share of the full network's loss rise"), number_cell(share)))
    rows += [(Cell(title), of_row[row]) for title, of_row in _weights(result).items()]
    return Table((row_name(row), f"Into {host}"), tuple(rows))


def neighbours(result: "xr.Dataset", value: str, split: str | None, row: str, host: str) -> Table | None:
    """The layers next to one in the order of first use.

    Args:
        result: A measurement.
        value: A rise, which is shown where averaging has it, or a barrier.
        split: Which split.
        row: A label of `moving`.
        host: Which host.

    Returns:
        Up to two before and two after, and itself; None where it is no single layer.
    """
    layers = single_layers(result)
    if row not in layers:
        return None
    i = layers.index(row)
    near = layers[max(0, i - NEIGHBOURS) : i + NEIGHBOURS + 1]
    numbers, apart = _numbers(result, kind_of(value), split), _weights(result)[OF_WEIGHTS["relative_distance"]]
    rows = [
        (
            Cell(f"▸\u00a0{name}" if name == row else name),
            *_cells(numbers, name, host),
            apart[name],
        )
        for name in near
    ]
    return Table(("Layer", *numbers, "Relative distance"), tuple(rows))


def groups(result: "xr.Dataset", value: str, split: str | None, row: str, host: str) -> tuple[int, Table]:
    """The groups that move a layer together with others, those that cost most first.

    Args:
        result: A measurement.
        value: A rise or a barrier.
        split: Which split.
        row: A label of `moving`.
        host: Which host.

    Returns:
        How many there are, and at most six of them.
    """
    moved = kept_moved(result)
    mine = set(moved[row])
    found = [label for label, layers in moved.items() if mine < set(layers)]
    numbers = _numbers(result, kind_of(value), split)
    first = next(iter(numbers.values()))
    order = sorted(found, key=lambda label: _sorting(first[label, host]))
    rows = [(Cell(row_name(label)), *_cells(numbers, label, host)) for label in order[:MOST_GROUPS]]
    return len(found), Table(("Group", *numbers), tuple(rows))


Columns = dict[str, dict[tuple[str, str], ShownNumber]]
"""Title of a column -> (row, host) -> number."""


def _numbers(result: "xr.Dataset", kind: "Quantity", split: str | None) -> Columns:
    of, alpha = OF[kind], float(result["rise_alpha"]) if "rise_alpha" in result.coords else math.nan
    found: Columns = {}
    if not math.isnan(alpha):
        numbers, words = numbers_at(result, of.rises["rise"].name, split, alpha)
        found[words[0].upper() + words[1:]] = numbers
    numbers, words = numbers_at(result, of.barrier.name, split, alpha)
    found[words[0].upper() + words[1:]] = numbers
    return found


def _cells(numbers: Columns, row: str, host: str) -> list[Cell]:
    return [number_cell(of[row, host].estimate) for of in numbers.values()]


def _sorting(number: ShownNumber) -> tuple[bool, float]:
    return number.estimate.is_nan, -number.estimate.value


@kept
def _shares(result: "xr.Dataset", split: str | None) -> dict[tuple[str, ...], Estimate]:
    part = kept_split(result, split)
    return estimates_of(part.transpose("host", "moving", ...), SHARE) if SHARE in part else {}


@kept
def _weights(result: "xr.Dataset") -> dict[str, dict[str, Cell]]:
    """What is known of every row's weights, by its title."""
    rows, found = labels(result, "moving"), {}
    status = labels(result, "cosine_status") if "cosine_status" in result else ("defined",) * len(rows)
    for name, title in OF_WEIGHTS.items():
        if name in result:
            values = [float(value) for value in result[name].values]
            texts = [number_text(value, 3) if name != "num_parameters" else f"{value:,.0f}" for value in values]
            if name == "cosine":
                texts = [text if of == "defined" else of for text, of in zip(texts, status, strict=True)]
            cells = (Cell(text, stored=repr(value)) for text, value in zip(texts, values, strict=True))
            found[title] = dict(zip(rows, cells, strict=True))
    return found
