"""Curves: the rise or the excess along alpha, the full network above, the layers below, one column a host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import InputError
from isthmus.report import style
from isthmus.report.barriers.table import PERCENT, BarrierTable, barrier_table
from isthmus.report.shown import CutBarrier
from isthmus.report.values import is_rise, kind_of
from isthmus.results.curves import Curve, baseline_along_alpha, excess_along_alpha, rise_along_alpha
from isthmus.results.rows import in_split
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_NAMED = 3  # each has a marker of its own


def curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """The rise over the host along alpha with the baseline that barriers count from, or the excess over the baseline.

    Layers are coloured by depth; the three with the largest numbers are drawn thick and named. The full network
    has a panel and an axis of its own. A curve is broken where it is NaN.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_rise"` (the curves begin at zero; the baselines `models` and `chord` are a dotted line),
            `"loss_barrier"` (the excess, whose maximum is the barrier), or the same of the error (percentage points).
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
    table = barrier_table(result, curve_value(result, value), split)
    curve, baseline = shown_curves(result, value, split)
    alpha = result["alpha"].values
    num_hosts, num_layers = len(table.hosts), len(table.layers)
    depth = LinearSegmentedColormap.from_list("depth", colormaps[style.DEPTH](np.linspace(0.0, 0.92, 64)))
    norm = Normalize(0, max(num_layers - 1, 1))
    with rc_context(style.STYLE):
        width = style.PAGE_INCHES if num_hosts > 1 else style.COLUMN_INCHES
        figure = style.empty_figure(width, 3.7 if num_layers else 1.8)
        ratios = [1, 2] if num_layers else [1]
        panels = figure.subplots(len(ratios), num_hosts, sharex=True, sharey="row", squeeze=False, height_ratios=ratios)
        for j, host in enumerate(table.hosts):
            panels[0, j].plot(
                alpha, curve[FULL_NETWORK, host], color=style.INK, linewidth=1.2, marker="o", markersize=2
            )
            panels[0, j].set_title(f"{curve_title(table)}, into {host}", pad=4)
            panels[-1, j].set_xlabel(f"alpha (0 is {host})")
            if num_layers:
                colours = [depth(norm(i)) for i in range(num_layers)]
                of_host = [curve[layer, host] for layer in table.layers]
                cells = [table.cells[row, host] for row in table.layers]
                _draw_layers(panels[1, j], alpha, of_host, colours, cells, title=f"{table.name}s")
        for panel in panels.flat:
            panel.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
        for host, line in baseline.items():
            for panel in panels[:, table.hosts.index(host)]:
                _draw_baseline(panel, alpha, line)
        panels[0, 0].set_ylabel(f"full network\n({table.unit})")
        if num_layers:
            panels[1, 0].set_ylabel(f"one layer ({table.unit})")
        if num_layers > 1:
            bar = figure.colorbar(ScalarMappable(norm, depth), ax=panels[:, -1], aspect=40, pad=0.02)
            bar.set_ticks([0, num_layers - 1], labels=["first", "last"])
            bar.ax.invert_yaxis()
            bar.outline.set_linewidth(0.4)
            bar.set_label("layer, in order of use", labelpad=-12)
    return figure


def curve_value(result: "xr.Dataset", value: str) -> str:
    """The number that stands for a curve: its largest value.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.

    Returns:
        A rise's largest one between the networks where there are several alphas, else what there is; a barrier itself.
    """
    best = OF[kind_of(value)].rises["largest_rise"].name
    return best if is_rise(value) and best in result else value


def curve_title(table: BarrierTable) -> str:
    """The words for what the curves show.

    Args:
        table: The numbers that belong to the curves.

    Returns:
        Text such as `"Loss excess, test"`.
    """
    form = "rise over the host" if is_rise(table.value) else "excess"
    title = f"{kind_of(table.value).capitalize()} {form}"
    return f"{title}, {table.split}" if table.split else title


def shown_curves(
    result: "xr.Dataset", value: str, split: str | None
) -> tuple[dict[tuple[str, str], Curve], dict[str, Curve]]:
    """The curves that a picture shows, errors in percentage points.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split.

    Returns:
        By (layer, host) the rises or excesses along alpha; by host the baseline among rises, where it is one line.
    """
    kind, part = kind_of(value), in_split(result, split)
    factor = PERCENT if kind == "error" else 1.0
    if not is_rise(value):
        return excess_along_alpha(part, kind, factor), {}
    return rise_along_alpha(part, kind, factor), baseline_along_alpha(part, kind, factor)


def _draw_baseline(axes: "Axes", alpha: Curve, line: Curve) -> None:
    low, high = axes.get_ylim()
    axes.plot(alpha, line, color=style.INK, linewidth=0.8, linestyle=":", zorder=1)
    reach = 1.5 * (high - low)
    if line.min() < low - reach or line.max() > high + reach:  # far off: the curves stay readable
        axes.set_ylim(low, high)


def _draw_layers(
    axes: "Axes",
    alpha: Curve,
    curves: list[Curve],
    colours: Sequence[tuple[float, ...]],
    numbers: list[CutBarrier],
    title: str,
) -> None:
    finite = [cell for cell in numbers if np.isfinite(cell.estimate.value)]
    largest = sorted(finite, key=lambda cell: -cell.estimate.value)[:NUM_NAMED]
    lines = {}
    for cell, curve, colour in zip(numbers, curves, colours, strict=True):
        named = cell in largest
        marker = "osv"[largest.index(cell)] if named else ""
        width, height = (1.4, 3) if named else (0.6, 2)
        lines[cell.layer] = axes.plot(
            alpha, curve, color=colour, linewidth=width, marker=marker, markersize=3, zorder=height
        )[0]
    axes.legend(
        [lines[cell.layer] for cell in largest],
        [f"{cell.layer} {cell.estimate.text}" for cell in largest],
        title=title if title.startswith("largest") else f"largest {title}",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.24),
        title_fontsize=7,
    )
