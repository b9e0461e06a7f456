"""One paragraph in words, read off the numbers."""

import math
from typing import TYPE_CHECKING

from isthmus.report.barrier_table import BarrierTable, barrier_table
from isthmus.report.shown_barrier import ShownBarrier
from isthmus.report.values import values_shown

if TYPE_CHECKING:
    import xarray as xr


def reading(result: "xr.Dataset", split: str | None = None) -> list[str]:
    """What the barriers of one split say, a paragraph for each kind of barrier.

    Args:
        result: A measurement.
        split: Which split; may be left out where there is only one.

    Returns:
        For loss and error: the full network's barrier, the layer with the largest one, and how many layers' intervals
        include zero or lie below it; then what is NaN.
    """
    return [" ".join(_sentences(barrier_table(result, value, split))) for value in values_shown(result)]


def _sentences(table: BarrierTable) -> list[str]:
    name = table.value.replace("_", " ")
    article = "an" if name.startswith("e") else "a"
    full = " and ".join(f"{_cell_words(cell, table)} into {cell.host}" for cell in table.row("all"))
    sentences = [f"Averaging the full network gives {article} {name} of {full}."]
    if table.layers:
        known = [cell for cell in table.layer_cells if not math.isnan(cell.value)]
        if known:
            largest = max(known, key=lambda cell: cell.value)
            at = "∞" if math.isinf(largest.alpha) else f"{largest.alpha:g}"
            sentences.append(
                f"Of {table.noun}s, {largest.layer} into host {largest.host} has the largest {name}: "
                f"{_cell_words(largest, table)}, at alpha {at}{_end_words(largest)}."
            )
        sentences.append(_zero_words(table))
    missing = sum(math.isnan(cell.value) for cell in table.cells.values())
    if missing:
        verb = "is NaN and counts" if missing == 1 else "are NaN and count"
        sentences.append(f"{missing} of {len(table.cells)} {name}s {verb} for nothing here.")
    return sentences


def _zero_words(table: BarrierTable) -> str:
    rows = [table.row(layer) for layer in table.layers]
    decided = [row for row in rows if not any(math.isnan(cell.low) for cell in row)]
    below = sum(all(cell.low <= 0 for cell in row) for row in decided)
    hosts = "both hosts" if len(table.hosts) > 1 else f"host {table.hosts[0]}"
    layers = table.noun.removeprefix("single ") + ("" if len(rows) == 1 else "s")
    return f"For {below} of {len(rows)} {layers} the interval includes zero or lies below it for {hosts}."


def _cell_words(cell: ShownBarrier, table: BarrierTable) -> str:
    low, high = (text.strip("[]") for text in cell.interval_text.split(", "))
    doubt = ", an interval not to be trusted" if not cell.trusted else ""
    return f"{cell.text} {table.unit} (95 % interval {low} to {high}{doubt})"


def _end_words(cell: ShownBarrier) -> str:
    return ", an end of the cut" if cell.at_end else ""
