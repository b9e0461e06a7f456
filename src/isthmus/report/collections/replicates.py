"""Replicates: every layer's mean over pairs of networks, its scatter, and the uncertainty from the examples."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.report import style
from isthmus.report.barriers.bars import draw_barrier
from isthmus.report.collections.columns import Columns, columns
from isthmus.report.shown import CutEstimate, shown_estimates
from isthmus.report.values import barrier_beside, is_rise
from isthmus.results.replicates import REPLICATED, replicates
from isthmus.results.rows import in_split, labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTLYING = "A number at an arrow: a mean beyond the axis."
DEPENDENT = "Some pairs share a network and so are not independent: the interval over pairs is too narrow."


def replicate_cells(
    result: "xr.Dataset", value: str, split: str | None
) -> dict[str, dict[tuple[str, str], CutEstimate]]:
    """The mean rises or barriers over pairs, with two intervals.

    Args:
        result: A collection of two pairs or more at one step.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split.

    Returns:
        For "pairs" (the interval over pairs) and for "data" (what the examples leave open) the mean of each
        (layer, host).
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said on the picture
        found = in_split(replicates(result), split).transpose("host", "moving", ...)
    of = REPLICATED[value]
    intervals = {"pairs": (of.number.low, of.number.high), "data": (of.data_low, of.data_high)}
    return {
        kind: {
            (layer, host): CutEstimate(layer, host, one)
            for (host, layer), one in shown_estimates(found, value, interval=ends).items()
        }
        for kind, ends in intervals.items()
    }


def are_independent(result: "xr.Dataset") -> bool:
    """Whether no network is in two of the pairs.

    Args:
        result: A collection with the dimension `pair`.

    Returns:
        True if the interval over pairs holds.
    """
    names = [*labels(result, "name_a"), *labels(result, "name_b")]
    return len(set(names)) == len(names)


def replicate_bars(
    result: "xr.Dataset",
    value: str = "loss_barrier",
    split: str | None = None,
    sweep: str | None = None,
    title: str = "",
) -> "Figure":
    """Mean rise or barrier over pairs of every layer into every host, with both intervals and every pair as a dot.

    A diamond beside a rise is the mean barrier. The wide bar in the host's colour is the 95 % interval over pairs (of
    further pairs trained alike), the dark line what the examples leave open for the mean of these pairs. The full
    network stands in a panel of its own.

    Args:
        result: A collection of two pairs or more at one step.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.
        sweep: The rows of which sweep to show; None for all.
        title: Words to add to the title.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    shown = columns(result, "pair", value, split, sweep)
    cells = replicate_cells(result, value, split)
    if is_rise(value):
        cells["barriers"] = replicate_cells(result, barrier_beside(value), split)["pairs"]
    layers, hosts = list(shown.first.layers), shown.first.hosts
    names = [style.row_name(row) for row in shown.first.rows]
    reach = layer_reach(shown)
    is_beyond = any(abs(cells["pairs"][row, host].estimate.value) > reach for row in layers for host in hosts)
    notes = [
        "Dots: pairs. Mark: their mean. Wide bar: 95 % interval over pairs. Thin line: what the examples leave open.",
        *([OUTLYING] if is_beyond else []),
        *([] if are_independent(result) else [DEPENDENT]),
    ]
    width = max(style.COLUMN_INCHES + 0.6, style.label_inches(names) + 2.8)
    row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(hosts) > 1))
    layer_inches, full_inches = row_inches * len(layers), 1.6 * row_inches
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, full_inches + layer_inches + (1.55 if layers else 0.95))
        extra = style.draw_notes(figure, notes)
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        ratios = [full_inches, layer_inches] if layers else [full_inches]
        panels = figure.subplots(len(ratios), 1, height_ratios=ratios, squeeze=False)[:, 0]
        _draw_panel(panels[0], shown, cells, [FULL_NETWORK], np.inf)
        words = f"{shown.first.title}, {len(shown.labels)} pairs{f', {title}' if title else ''}"
        panels[0].set_title(words, pad=4)
        if layers:
            panels[0].set_xlabel("full network, own scale", fontsize=style.SMALL_POINTS, labelpad=1)
            _draw_panel(panels[1], shown, cells, layers, reach)
        panels[-1].set_xlabel(shown.first.axis_label)
        style.draw_host_legend(figure, hosts, has_barriers=is_rise(value))
    return figure


def layer_reach(shown: Columns) -> float:
    """How far the axis of the layers goes at most, so that one exploding layer does not press all others to zero.

    Args:
        shown: The barriers of every pair.

    Returns:
        Twice the largest barrier of the full network, or ten times the median layer's where that is more.
    """

    def sizes(rows: "Iterable[str]") -> list[float]:
        cells = (cell for row in rows for host in shown.first.hosts for cell in shown.row(row, host))
        return [abs(cell.estimate.value) for cell in cells if np.isfinite(cell.estimate.value)]

    layers = sizes(shown.first.layers)
    return max(2 * max(sizes([FULL_NETWORK]), default=0.0), 10 * float(np.median(layers)) if layers else 0.0)


def _draw_panel(
    axes: "Axes", shown: Columns, cells: dict[str, dict[tuple[str, str], CutEstimate]], rows: list[str], reach: float
) -> None:
    hosts = shown.first.hosts
    found = [
        cell.estimate for row in rows for host in hosts for cell in (*shown.row(row, host), cells["pairs"][row, host])
    ]
    axes.set_xlim(*style.axis_limits([one for one in found if not abs(one.value) > reach]))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [style.row_name(row) for row in rows])
    axes.axvline(0, color=style.INK, linewidth=0.6, zorder=1)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    height = 0.76 / len(hosts)
    for i, row in enumerate(rows):
        for j, host in enumerate(hosts):
            y = i + (j - (len(hosts) - 1) / 2) * height
            if "barriers" in cells:
                draw_barrier(axes, y, cells["barriers"][row, host], axes.get_xlim())
            _draw_row(axes, y, height, shown.row(row, host), cells["pairs"][row, host], cells["data"][row, host])


def _draw_row(
    axes: "Axes", y: float, height: float, pairs: "Sequence[CutEstimate]", mean: CutEstimate, data: CutEstimate
) -> None:
    colour, middle, left = style.HOST_COLOURS[mean.host], mean.estimate, data.estimate
    if middle.is_nan:
        axes.text(0, y, " NaN", ha="left", va="center", fontsize=style.SMALL_POINTS, color=colour)
        return
    limits = axes.get_xlim()
    low, high = (min(max(end, limits[0]), limits[1]) for end in (middle.low, middle.high))
    axes.barh(y, high - low, 0.72 * height, left=low, color=colour, alpha=0.28, linewidth=0, zorder=2)
    for at, mark, is_open in ((low, "<", middle.low < limits[0]), (high, ">", middle.high > limits[1])):
        if is_open:
            axes.plot([at], [y], mark, color=colour, markersize=2.5, zorder=4, clip_on=False)
    if not limits[0] <= middle.value <= limits[1]:
        at, side = (limits[1], "right") if middle.value > 0 else (limits[0], "left")
        axes.text(
            at,
            y,
            f"   {middle.text}   ",
            ha=side,
            va="center",
            fontsize=style.SMALL_POINTS,
            color=style.INK,
            zorder=6,
        )
        return
    axes.plot([left.low, left.high], [y, y], color=style.INK, linewidth=0.8, zorder=3, solid_capstyle="butt")
    values = [cell.estimate.value for cell in pairs if limits[0] <= cell.estimate.value <= limits[1]]
    axes.plot(values, [y] * len(values), ".", color=colour, markersize=2.2, markeredgewidth=0, zorder=4)
    mark = style.HOST_MARKERS[mean.host]
    face = "white" if style.HOST_HATCHES[mean.host] else colour
    axes.plot(
        [middle.value],
        [y],
        mark,
        color=colour,
        markerfacecolor=face,
        markersize=3,
        markeredgewidth=0.7,
        zorder=5,
    )
