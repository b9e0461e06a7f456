"""Distances: how far apart the two networks' weights are, layer by layer."""

import math
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.results.rows import labels, layer_labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DISTANCES = {
    "distance": "L2 distance",
    "relative_distance": "relative distance",
    "cosine": "cosine of the weights",
}


def distances(result: "xr.Dataset") -> "Figure":
    """L2 distance, relative distance and cosine of every layer's weights, the full network first.

    What is undefined (such as the cosine of a zero vector) is hatched grey and named.

    Args:
        result: A measurement.

    Returns:
        The figure, three panels side by side.
    """
    from matplotlib import rc_context

    moving = list(labels(result, "moving"))
    rows = [FULL_NETWORK, *layer_labels(result)]
    positions = style.row_positions(len(rows) - 1)
    names = [style.row_name(row) for row in rows]
    with rc_context(style.STYLE):
        width = max(5.2, style.label_inches(names) + 4.0)
        figure = style.empty_figure(width, style.ROW_INCHES * (positions[-1] + 1) + 0.55)
        panels = figure.subplots(1, len(DISTANCES), sharey=True)
        for axes, (variable, title) in zip(panels, DISTANCES.items(), strict=True):
            values = [float(result[variable].values[moving.index(row)]) for row in rows]
            _draw_column(axes, values, positions)
            axes.set_title(title, pad=4)
        panels[2].set_xlim(min(0.0, *panels[2].get_xlim()), 1.05)
        panels[0].set_yticks(positions, names)
        panels[0].set_ylim(positions[-1] + 0.6, -0.6)
    return figure


def _draw_column(axes: "Axes", values: list[float], positions: list[float]) -> None:
    finite = [value for value in values if math.isfinite(value)]
    largest, least = max([*finite, 0.0]), min([*finite, 0.0])
    spare = 0.08 * (largest - least) or 1.0
    axes.set_xlim(least - spare * (least < 0), largest + spare)
    axes.axvline(0, color=style.INK, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5)
    axes.set_axisbelow(True)
    for value, y in zip(values, positions, strict=True):
        if math.isfinite(value):
            axes.plot([0, value], [y, y], color=style.FAINT, linewidth=0.9, zorder=2)
            axes.plot([value], [y], "o", color=style.INK, markersize=3, zorder=3)
        else:
            left, right = axes.get_xlim()
            style.draw_undefined(axes, left, y - 0.42, right - left, 0.84)
            words = "undefined" if math.isnan(value) else "infinite"
            box = {"facecolor": style.UNDEFINED_FILL, "edgecolor": "none", "pad": 0.6}
            axes.text((left + right) / 2, y, words, ha="center", va="center", fontsize=style.SMALL_POINTS, bbox=box)
