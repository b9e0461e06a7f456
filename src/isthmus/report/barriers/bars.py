"""Bars: every layer's rise or barrier with its interval. The full network has its own axis at the top."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate
from isthmus.report import style
from isthmus.report.barriers.table import barrier_table
from isthmus.report.values import barrier_beside, is_rise
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isthmus.report.shown import CutBarrier, CutEstimate


def bars(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """The rise or barrier of every layer into every host as a bar with its 95 % interval.

    A diamond in the row of a rise is the barrier, or an arrow at the end of the axis where it lies beyond.
    The full network stands in a panel of its own with its own axis, so that the layers stay readable beside it. An axis
    ends at `style.axis_limits`; an interval that goes on ends in an arrow head. NaN is written out.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    table = barrier_table(result, value, split)
    barriers = barrier_table(result, barrier_beside(value), split) if is_rise(value) else None
    names = [style.row_name(row) for row in table.rows]
    width = max(style.COLUMN_INCHES, style.label_inches(names) + 2.1)
    row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(table.hosts) > 1))
    layer_inches, full_inches = row_inches * len(table.layers), 1.4 * row_inches
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, full_inches + layer_inches + (1.55 if table.layers else 0.95))
        extra = style.draw_notes(figure, table.notes)
        # The figure grows by its notes, of 0.12 inches a line, so that bars keep their height.
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        panels = (
            figure.subplots(2, 1, height_ratios=[full_inches, layer_inches], squeeze=False)[:, 0]
            if (table.layers)
            else [figure.subplots()]
        )
        draw_panel(panels[0], [table.row(FULL_NETWORK)], names[:1], [barriers.row(FULL_NETWORK)] if barriers else None)
        panels[0].set_title(table.title, pad=4)
        if table.layers:
            panels[0].set_xlabel("full network, own scale", fontsize=style.SMALL_POINTS, labelpad=1)
            rows = [table.row(layer) for layer in table.layers]
            beside = [barriers.row(layer) for layer in table.layers] if barriers else None
            draw_panel(panels[1], rows, names[1:], beside)
        panels[-1].set_xlabel(table.axis_label + ", 95 % interval")
        style.draw_host_legend(figure, table.hosts, has_barriers=barriers is not None)
    return figure


def draw_panel(
    axes: "Axes",
    rows: "Sequence[Sequence[CutEstimate]]",
    names: Sequence[str],
    barriers: "Sequence[Sequence[CutEstimate]] | None" = None,
) -> None:
    """Bars with intervals, one row below the other, each with a bar a host.

    Args:
        axes: Where.
        rows: The numbers of each row, one a host.
        names: Names of the rows; where there are more names than rows, the last ones stay empty.
        barriers: The barriers beside rises, row by row; they widen the axis by half at most.
    """
    limits = panel_limits(rows, barriers or [])
    axes.set_xlim(*limits)
    axes.locator_params(axis="x", nbins=4)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.axvline(0, color=style.INK, linewidth=0.6, zorder=1)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    for i, row in enumerate(rows):
        height = 0.76 / len(row)
        for j, cell in enumerate(row):
            y = i + (j - (len(row) - 1) / 2) * height
            _draw_bar(axes, y, height, cell, limits)
            if barriers is not None:
                draw_barrier(axes, y, barriers[i][j], limits)


def panel_limits(
    rows: "Sequence[Sequence[CutEstimate]]", barriers: "Sequence[Sequence[CutEstimate]]"
) -> tuple[float, float]:
    """The range of a panel's axis: that of its bars, widened by half at most for the barriers beside them.

    Args:
        rows: The numbers of each row, one a host.
        barriers: The barriers beside them; those further off stand at the end of the axis.

    Returns:
        Lower and upper limit.
    """
    estimates = [cell.estimate for row in rows for cell in row]
    reach = 1.5 * max(map(abs, style.axis_limits(estimates)))
    beside = [cell.estimate.value for row in barriers for cell in row]
    return style.axis_limits([*estimates, *(Estimate.exact(value) for value in beside if abs(value) <= reach)])


def draw_barrier(axes: "Axes", y: float, cell: "CutEstimate", limits: tuple[float, float]) -> None:
    """A diamond where a barrier is, or an arrow at the end of the axis.

    Args:
        axes: Where.
        y: In which row.
        cell: The barrier; nothing is drawn for NaN.
        limits: Of the axis.
    """
    if cell.estimate.is_nan:
        return
    at = min(max(cell.estimate.value, limits[0]), limits[1])
    mark = "D" if at == cell.estimate.value else ">" if at < cell.estimate.value else "<"
    look = {"color": style.HOST_COLOURS[cell.host], "markerfacecolor": "white", "markeredgewidth": 0.7}
    axes.plot([at], [y], mark, markersize=2.6, zorder=5, clip_on=False, **look)  # type: ignore[arg-type]


def draw_full_network(axes: "Axes", row: "list[CutBarrier]") -> None:
    """Dashed lines where the full network's barriers are, as far as they lie in the panel.

    Args:
        axes: A panel of `draw_panel`.
        row: The full network's barriers, one a host.
    """
    left, right = axes.get_xlim()
    for j, cell in enumerate(row):
        if left < cell.estimate.value < right:
            colour = style.HOST_COLOURS[cell.host]
            # The dashes of one host fall into the gaps of the other, where both lines meet.
            axes.axvline(cell.estimate.value, color=colour, linewidth=0.7, linestyle=(4 * j, (4, 4)), zorder=4)


def _draw_bar(axes: "Axes", y: float, height: float, cell: "CutEstimate", limits: tuple[float, float]) -> None:
    colour, number = style.HOST_COLOURS[cell.host], cell.estimate
    if number.is_nan:
        axes.text(0, y, " NaN", ha="left", va="center", fontsize=style.SMALL_POINTS, color=colour)
        return
    end = min(max(number.value, limits[0]), limits[1])
    fill = "white" if style.HOST_HATCHES[cell.host] else colour
    hatch = style.HOST_HATCHES[cell.host]
    axes.barh(y, end, height, color=fill, edgecolor=colour, hatch=hatch, linewidth=0.6, zorder=2)
    low, high = max(number.low, limits[0]), min(number.high, limits[1])
    if low < high:
        axes.plot([low, high], [y, y], color=style.INK, linewidth=0.8, zorder=3, solid_capstyle="butt")
        for mark, at, is_open in (
            ("<", low, number.low < limits[0]),
            (">", high, number.high > limits[1]),
        ):
            shape = mark if is_open else "|"
            axes.plot([at], [y], shape, color=style.INK, markersize=2.5, markeredgewidth=0.8, zorder=3, clip_on=False)
    note = ("∞ " if math.isinf(number.value) else "") + cell.marks
    axes.annotate(
        note,
        (1, y),
        (3, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=6,
        color=colour,
    )
