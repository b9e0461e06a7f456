"""What averaging costs, compared with what a layer's size explains: per layer, per squared distance, per parameter."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.bars import draw_full_network, draw_panel
from isthmus.report.barriers.table import barrier_table, mark_notes
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.normalised import columns_of_dots
from isthmus.report.picture import Picture
from isthmus.report.rows.question import is_one_pair
from isthmus.report.shown import CutBarrier
from isthmus.results.rows import in_split, labels, layer_labels, single_layers
from isthmus.results.variables import NUMBERS
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

NORMS = {
    "loss_rise_share": ("per layer", "layers × rise ÷\nthe full network's", 1.0),
    "loss_rise_per_squared_distance": ("per squared distance", "rise ÷ squared\ndistance ({unit})", 1.0),
    "loss_rise_per_parameter": ("per parameter", "rise ÷ million\nparameters ({unit})", 1e6),
}
NOTE = (
    "Dashed: the full network. Intervals: on the left those of the ratio, paired on examples; elsewhere those of a "
    "layer's own rise, its size being known."
)


def normalised_rises(result: "xr.Dataset", split: str | None = None) -> "Figure":
    """Every layer's loss rise divided by its size in three ways, the full network's as a dashed line.

    A layer beyond its host's line costs more than its share of the full network's rise.

    Args:
        result: A measurement with single layers.
        split: Which split; may be left out where there is only one.

    Returns:
        The figure, three panels side by side, each on its own axis.
    """
    from matplotlib import rc_context

    layers, hosts = list(layer_labels(result)), labels(result, "host")
    table = barrier_table(result, "loss_rise", split)
    row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(hosts) > 1))
    notes = [NOTE, *mark_notes((cell.marks for cell in table.layer_cells), table.baseline)]
    with rc_context(style.STYLE):
        width = style.label_inches(layers) + 1.8 * len(NORMS) + 0.3
        figure = style.empty_figure(width, row_inches * len(layers) + 1.2)
        extra = style.draw_notes(figure, notes)
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        panels = figure.subplots(1, len(NORMS), sharey=True)
        for (name, (_, title, _)), axes in zip(NORMS.items(), panels, strict=True):
            cells = _cells(result, name, split)
            draw_panel(axes, [[cells[layer, host] for host in hosts] for layer in layers], layers)
            draw_full_network(axes, [cells[FULL_NETWORK, host] for host in hosts])
            axes.set_xlabel(title.format(unit=table.unit))
        figure.suptitle(table.title, fontsize=8, x=0.01, ha="left")
        style.draw_host_legend(figure, hosts)
    return figure


def normalised_sentence(result: "xr.Dataset", split: str | None = None) -> str:
    """How many layers cost more than their share, in each of the three ways.

    Args:
        result: A measurement with single layers.
        split: Which split.

    Returns:
        One sentence.
    """
    layers, parts = layer_labels(result), []
    for host in labels(result, "host"):
        counts = []
        for name, (words, _, _) in NORMS.items():
            cells = _cells(result, name, split)
            full = cells[FULL_NETWORK, host].estimate.value
            above = sum(cells[layer, host].estimate.value > full for layer in layers)
            counts.append(f"unknown {words}" if math.isnan(full) else f"{above} {words}")
        parts.append(f"into {host} {', '.join(counts)}")
    return f"Of {len(layers)} layers, those whose rise lies above the full network's are {'; '.join(parts)}."


def _drawing(result: "xr.Dataset", split: str | None) -> Canvas:
    table = barrier_table(result, "loss_rise", split)
    titles = [title.format(unit=table.unit) for _, title, _ in NORMS.values()]
    notes = [NOTE.replace("Dashed", "Dotted"), *mark_notes((cell.marks for cell in table.layer_cells), table.baseline)]
    columns = [_cells(result, name, split) for name in NORMS]
    return columns_of_dots(titles, columns, layer_labels(result), table.hosts, notes)


def _cells(result: "xr.Dataset", name: str, split: str | None) -> dict[tuple[str, str], CutBarrier]:
    """Rises and interval ends divided by the size; r_i of the full network is 1 where it has a rise to share."""
    table, part = barrier_table(result, "loss_rise", split), in_split(result, split)
    hosts, rows = labels(part, "host"), labels(part, "moving")
    names = (name, NUMBERS[name].low, NUMBERS[name].high) if name in NUMBERS else (name,)
    stored = [NORMS[name][2] * part[one].transpose("host", "moving").values for one in names]
    found = {}
    for (row, host), cell in table.cells.items():
        rise, place = cell.estimate, (hosts.index(host), rows.index(row))
        value = float(stored[0][place])
        if name == "loss_rise_share":
            low, high = float(stored[1][place]), float(stored[2][place])
            if row == FULL_NETWORK and rise.value > 0:
                value = low = high = 1.0
        else:
            scale = value / rise.value if rise.value else math.nan
            low, high = (end * scale if math.isfinite(end * scale) else value for end in (rise.low, rise.high))
        found[row, host] = replace(cell, estimate=replace(rise, value=value, low=low, high=high))
    return found


def normalised_pictures(result: "xr.Dataset", split: str | None) -> Iterator[Picture]:
    """The picture of a result with single layers that knows their sizes.

    Args:
        result: A measurement.
        split: Which split.

    Yields:
        One picture, or none.
    """
    if is_one_pair(result) and set(NORMS) <= set(result) and bool(single_layers(result)):
        title, draw = "What averaging costs per size of the layer", partial(normalised_rises, result, split)
        drawing = partial(_drawing, result, split)
        yield Picture("loss_normalised", title, draw, normalised_sentence(result, split), drawing)
