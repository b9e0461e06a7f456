"""Which classes suffer, for the page: layers down, classes across."""

import math
from typing import TYPE_CHECKING

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.classes import class_cells, class_names
from isthmus.report.barriers.scale import scale_end
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.cells import Cell, Panel, cell_map
from isthmus.report.shown import CutEstimate
from isthmus.report.values import barrier_beside, is_rise, value_words
from isthmus.results.rows import labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr


def class_heatmap(classes: "xr.Dataset", host: str, value: str, unit: str, split: str | None = None) -> Canvas:
    """What averaging costs every class, layer by layer, for one host.

    Args:
        classes: Rises and barriers over (label, host, moving), perhaps with splits.
        host: Which host.
        value: Of `isthmus.report.barriers.classes.class_values`.
        unit: Its unit.
        split: Which split.

    Returns:
        The picture.
    """
    found, words, names = class_cells(classes, value, split), value_words(value), class_names(classes)
    beside = class_cells(classes, barrier_beside(value), split) if is_rise(value) else {}
    moving = labels(classes, "moving")
    rows = sorted(moving, key=lambda row: row != FULL_NETWORK)
    shown = [[found[name, row, host] for name in names] for row in rows]

    def tip(name: str, cell: CutEstimate) -> str:
        lines = [f"{cell.estimate.text} {cell.estimate.interval_text}"]
        lines += [f"barrier {beside[name, cell.layer, host].estimate.text}"] if beside else []
        return "\n".join(lines + [f"carried by fewer than {FEW} examples"] * (not cell.estimate.trusted))

    cells = [
        [Cell(cell.estimate, cell.estimate.text, tip(name, cell)) for name, cell in zip(names, row, strict=True)]
        for row in shown
    ]
    values = [cell.estimate.value for row in shown for cell in row if math.isfinite(cell.estimate.value)]
    of_full = [cell.estimate.value for row in shown for cell in row if cell.layer == FULL_NETWORK]
    of_layers = [cell.estimate.value for row in shown for cell in row if cell.layer != FULL_NETWORK]
    limit = scale_end(of_layers or values, of_full)
    return cell_map([Panel(rows, names, cells)], limit, f"{words} into {host} ({unit})")
