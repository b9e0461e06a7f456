"""Curves: the excess along alpha, the full network above, the layers below, one column a host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import InputError
from isthmus.report import style
from isthmus.report.barrier_table import PERCENT, BarrierTable, barrier_table, in_split
from isthmus.report.shown_barrier import ShownBarrier

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_NAMED = 3
Curve = np.ndarray[tuple[int], np.dtype[np.float64]]


def curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """Excess over the baseline along alpha, whose largest value is the barrier.

    Layers are coloured by depth; the three with the largest barriers are drawn thick and named. The full network
    has a panel and an axis of its own. A curve is broken where it is NaN.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_barrier"` or `"error_barrier"` (in percentage points): which excess.
        split: Which split; may be left out where there is only one.

    Returns:
        The figure.

    Raises:
        InputError: for a single alpha, which makes no curve.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    if result.sizes["alpha"] < 2:
        raise InputError("two or more alphas", "one", "curves", "measure with alphas=11")
    table = barrier_table(result, value, split)
    excess, alpha = excess_along_alpha(result, value, split), result["alpha"].values
    num_hosts, num_layers = len(table.hosts), len(table.layers)
    depth = LinearSegmentedColormap.from_list("depth", colormaps[style.DEPTH](np.linspace(0.0, 0.92, 64)))
    norm = Normalize(0, max(num_layers - 1, 1))
    with rc_context(style.STYLE):
        width = style.PAGE_INCHES if num_hosts > 1 else style.COLUMN_INCHES
        figure = style.empty_figure(width, 3.7 if num_layers else 1.8)
        ratios = [1, 2] if num_layers else [1]
        panels = figure.subplots(len(ratios), num_hosts, sharex=True, sharey="row", squeeze=False, height_ratios=ratios)
        for j, host in enumerate(table.hosts):
            panels[0, j].plot(alpha, excess["all", host], color=style.INK, linewidth=1.2, marker="o", markersize=2)
            panels[0, j].set_title(f"{excess_title(table)}, into {host}", pad=4)
            panels[-1, j].set_xlabel(f"alpha (0 is {host})")
            if num_layers:
                colours = [depth(norm(i)) for i in range(num_layers)]
                of_host = [excess[layer, host] for layer in table.layers]
                _draw_layers(panels[1, j], alpha, of_host, colours, [table.cells[row, host] for row in table.layers])
        for panel in panels.flat:
            panel.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
        panels[0, 0].set_ylabel(f"full network\n({table.unit})")
        if num_layers:
            panels[1, 0].set_ylabel(f"one layer, excess ({table.unit})")
        if num_layers > 1:
            bar = figure.colorbar(ScalarMappable(norm, depth), ax=panels[:, -1], aspect=40, pad=0.02)
            bar.set_ticks([0, num_layers - 1], labels=["first", "last"])
            bar.ax.invert_yaxis()
            bar.outline.set_linewidth(0.4)
            bar.set_label("layer, in order of use", labelpad=-12)
    return figure


def excess_title(table: BarrierTable) -> str:
    """The words for what the curves show.

    Args:
        table: The barriers that belong to the curves.

    Returns:
        Text such as `"Loss excess, test"`.
    """
    return table.title.replace("barrier", "excess", 1)


def excess_along_alpha(result: "xr.Dataset", value: str, split: str | None) -> dict[tuple[str, str], Curve]:
    """The excess of every row and host along alpha, in the unit of the barrier.

    Args:
        result: A measurement.
        value: `"loss_barrier"` or `"error_barrier"`.
        split: Which split.

    Returns:
        For every (layer, host) the values along `alpha`; percentage points for errors.
    """
    kind = value.removesuffix("_barrier")
    excess = in_split(result, split)[f"{kind}_excess"].transpose("moving", "host", "alpha")
    factor = PERCENT if kind == "error" else 1.0
    return {
        (str(layer), str(host)): factor * np.asarray(excess.values[i, j], dtype=np.float64)
        for i, layer in enumerate(excess["moving"].values)
        for j, host in enumerate(excess["host"].values)
    }


def _draw_layers(
    axes: "Axes", alpha: Curve, excess: list[Curve], colours: Sequence[tuple[float, ...]], barriers: list[ShownBarrier]
) -> None:
    finite = [barrier for barrier in barriers if np.isfinite(barrier.value)]
    largest = sorted(finite, key=lambda barrier: -barrier.value)[:NUM_NAMED]
    lines = {}
    for barrier, curve, colour in zip(barriers, excess, colours, strict=True):
        named = barrier in largest
        marker = "osv"[largest.index(barrier)] if named else ""
        width, height = (1.4, 3) if named else (0.6, 2)
        lines[barrier.layer] = axes.plot(
            alpha, curve, color=colour, linewidth=width, marker=marker, markersize=3, zorder=height
        )[0]
    axes.legend(
        [lines[barrier.layer] for barrier in largest],
        [f"{barrier.layer} {barrier.text}" for barrier in largest],
        title="largest barriers",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.24),
        title_fontsize=7,
    )
