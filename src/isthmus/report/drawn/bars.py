"""Bars for the page: every layer's rise or barrier with its interval, and the full network's on the same axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.bars import panel_limits
from isthmus.report.barriers.scale import middle, scale_end
from isthmus.report.barriers.table import BarrierTable, mark_notes
from isthmus.report.drawn.axis import BREAK, Axis, Piece, broken_axis
from isthmus.report.drawn.canvas import SMALL, Canvas, Zones, short, text_width
from isthmus.report.drawn.cells import LONGEST_NAME
from isthmus.report.drawn.heatmap import cell_tip
from isthmus.report.rows.groups import groups_beside
from isthmus.report.short_names import shortened
from isthmus.report.shown import CutBarrier
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

BAR, ROW_GAP, FULL_GAP = 10.0, 6.0, 8.0
OPEN = "An interval without a mark at its end goes on."
BROKEN = "The axis is broken: on the tinted ground it has another scale."


@dataclass(frozen=True)
class Rows:
    """Rows of bars under one title.

    Attributes:
        names: Of the rows.
        cells: The numbers of each row, one a host.
        beside: The barriers beside rises, row by row; empty where there are none.
        title: Above them; may be empty.
    """

    names: Sequence[str]
    cells: Sequence[Sequence[CutBarrier]]
    beside: Sequence[Sequence[CutBarrier]] = ()
    title: str = ""


def bars(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """A bar and its interval for every layer and host, a diamond for the barrier beside a rise.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split.

    Returns:
        The picture, as `bar_picture`.
    """
    tables = groups_beside(result, value, split)
    return bar_picture(
        tables, [rows_of(tables, list(tables[0].layers), list(tables[0].layers))] if tables[0].layers else []
    )


def rows_of(tables: Sequence[BarrierTable], labels: Sequence[str], names: Sequence[str], title: str = "") -> Rows:
    """Rows of a table with the barriers beside them.

    Args:
        tables: From `groups_beside`.
        labels: Of `moving`.
        names: What the rows are called.
        title: Above them.

    Returns:
        The rows.
    """
    beside = [tables[1].row(label) for label in labels] if len(tables) > 1 else ()
    return Rows(names, [tables[0].row(label) for label in labels], beside, title)


def bar_picture(tables: Sequence[BarrierTable], groups: Sequence[Rows]) -> Canvas:
    """The full network's bars, and groups of bars below them on the same axis.

    Where the full network, or a single row, is beyond `colour_limit`, the axis is broken, and what lies beyond
    stands on a ground of its own.

    Args:
        tables: From `groups_beside`.
        groups: In their order.

    Returns:
        The picture.
    """
    table, canvas = tables[0], Canvas(0)
    groups = [rows_of(tables, [FULL_NETWORK], [style.row_name(FULL_NETWORK)]), *groups]
    cells = [cell for group in groups for row in group.cells for cell in row]
    beside = [cell for group in groups for row in group.beside for cell in row]
    full = list(dict.fromkeys(name for group in groups for name in group.names))
    names = dict(zip(full, shortened(full, LONGEST_NAME), strict=True))
    left = max(text_width(name) for name in names.values()) + 8
    right = canvas.width - max(text_width(_number(cell), SMALL) for cell in cells) - 8
    axis = _axis(table, cells, beside, left, right)
    height = BAR * len(table.hosts)
    first = _draw_legend(canvas, table.hosts, left, has_barriers=bool(beside))
    tops, top = [], first
    for i, group in enumerate(groups):
        top += FULL_GAP * (i > 0) + 14 * bool(group.title)
        tops.append([top + k * (height + ROW_GAP) for k in range(len(group.names))])
        top = tops[-1][-1] + height + ROW_GAP
    bottom = top - ROW_GAP + 3
    _draw_ground(canvas, axis, first - 4, bottom)
    for group, of_group in zip(groups, tops, strict=True):
        if group.title:
            # On paper of its own, for the line at zero may run through it.
            canvas.rect(left - 2, of_group[0] - 14, text_width(group.title, SMALL) + 4, 12, "paper")
            canvas.text(left, of_group[0] - 5, group.title, "small strong")
        for k, (name, y) in enumerate(zip(group.names, of_group, strict=True)):
            look = "strong" if name == style.row_name(FULL_NETWORK) else ""
            canvas.text(left - 8, y + height / 2 + 4, names[name], look, anchor="end", full=name)
            for i, cell in enumerate(group.cells[k]):
                _draw_bar(canvas, axis, y + BAR * i, cell)
                if group.beside:
                    _draw_diamond(canvas, axis, y + BAR * i + BAR / 2, group.beside[k][i])
                canvas.text(canvas.width - 2, y + BAR * i + 8.5, _number(cell), "small", anchor="end")
        tips = [[_tip(table, row, group.beside[k] if group.beside else ())] for k, row in enumerate(group.cells)]
        canvas.zones.append(
            Zones([0], [canvas.width], of_group, [height] * len(of_group), group.names, [group.title], tips)
        )
    _draw_breaks(canvas, axis, first - 4, bottom)
    canvas.text((left + right) / 2, bottom + 26, f"{table.axis_label}, 95 % interval", "small", anchor="middle")
    is_open = any(math.isfinite(cell.estimate.value) and not _is_within(axis, cell) for cell in cells)
    notes = [BROKEN] * (len(axis.pieces) > 1) + [OPEN] * is_open
    notes += mark_notes((cell.marks for cell in cells), table.baseline)
    canvas.height = canvas.notes(bottom + 30, notes)
    return canvas


def _is_within(axis: Axis, cell: CutBarrier) -> bool:
    return all(_holds(axis.pieces, end) for end in (cell.estimate.low, cell.estimate.high))


def _number(cell: CutBarrier) -> str:
    return cell.estimate.text + cell.marks


def panel_ends(cells: Sequence[CutBarrier]) -> tuple[float, float]:
    """The range of an axis: zero, all numbers, and their intervals within reason.

    Args:
        cells: The numbers.

    Returns:
        Lower and upper end.
    """
    return panel_limits([cells], [])


def _axis(
    table: BarrierTable, cells: Sequence[CutBarrier], beside: Sequence[CutBarrier], left: float, right: float
) -> Axis:
    """Numbers beyond `colour_limit` stand beyond a break."""
    rows = [cell.estimate.value for cell in cells if cell.layer != FULL_NETWORK]
    widths = [cell.estimate.half_width for cell in table.layer_cells]
    limit = scale_end(rows, [cell.estimate.value for cell in table.row(FULL_NETWORK)], middle(widths))
    inside = [cell for cell in cells if abs(cell.estimate.value) <= limit]
    near = [cell for cell in beside if abs(cell.estimate.value) <= limit]
    far = [cell.estimate for cell in cells if abs(cell.estimate.value) > limit]
    ends = [
        (one.low if math.isfinite(one.low) else one.value, one.high if math.isfinite(one.high) else one.value)
        for one in far
        if math.isfinite(one.value)
    ]
    return broken_axis(panel_limits([inside], [near]), ends, left, right)


def _draw_legend(canvas: Canvas, hosts: Sequence[str], left: float, *, has_barriers: bool) -> float:
    x = left
    for host in hosts:
        canvas.rect(x, 3, 16, 8, f"bar-{host}")
        canvas.text(x + 20, 11, f"into {host}", "small")
        x += 24 + text_width(f"into {host}", SMALL) + 6
    if has_barriers:
        canvas.path(_diamond(x + 4, 7), "whisker")
        canvas.text(x + 12, 11, "barrier", "small")
    return 24.0


def _draw_ground(canvas: Canvas, axis: Axis, top: float, bottom: float) -> None:
    """Grid and ticks, and a tint where the scale is another one."""
    for piece in axis.pieces:
        is_main = piece.low <= 0 <= piece.high
        if not is_main:
            canvas.rect(piece.start, top, piece.end - piece.start, bottom - top, "tint")
        for x, text in piece.ticks(4 if is_main else 1):
            canvas.path(f"M{short(x)} {short(top)}V{short(bottom)}", "grid")
            canvas.centred(x, bottom + 12, text)
    zero = axis.at(0.0)
    canvas.path(f"M{short(zero)} {short(top)}V{short(bottom)}", "zero")


def _draw_bar(canvas: Canvas, axis: Axis, y: float, cell: CutBarrier) -> None:
    number = cell.estimate
    if number.is_nan:
        canvas.text(axis.at(0.0) + 3, y + 8.5, "NaN", "small")
        return
    start, end = sorted((axis.at(0.0), axis.at(number.value)))
    canvas.rect(start, y + 1, max(end - start, 0.5), BAR - 2.5, f"bar-{cell.host}")
    if number.low < number.high:
        low, high, middle = axis.at(number.low), axis.at(number.high), y + BAR / 2 - 0.25
        caps = "".join(
            f"M{short(x)} {short(middle - 2.5)}v5"
            for x, value in ((low, number.low), (high, number.high))
            if _holds(axis.pieces, value)
        )
        canvas.path(f"M{short(low)} {short(middle)}H{short(high)}{caps}", "whisker")


def _holds(pieces: Sequence[Piece], value: float) -> bool:
    return any(piece.low <= value <= piece.high for piece in pieces)


def _draw_diamond(canvas: Canvas, axis: Axis, y: float, cell: CutBarrier) -> None:
    """A diamond where a barrier is; an arrow head at the end of the axis, or at a break, for one that is not on it."""
    value = cell.estimate.value
    if cell.estimate.is_nan:
        return
    x = axis.at(value)
    if _holds(axis.pieces, value):
        canvas.path(_diamond(x, y), f"mark-{cell.host}")
    else:
        way = 3.5 if value > 0 else -3.5
        canvas.path(f"M{short(x)} {short(y - 3)}l{short(way)} 3l{short(-way)} 3z", f"mark-{cell.host}")


def _diamond(x: float, y: float) -> str:
    return f"M{short(x - 3)} {short(y)}l3 -3l3 3l-3 3z"


def _draw_breaks(canvas: Canvas, axis: Axis, top: float, bottom: float) -> None:
    for first, second in zip(axis.pieces, axis.pieces[1:], strict=False):
        canvas.rect(first.end + 3, top, BREAK - 6, bottom - top, "paper")
        for x in (first.end + 3, second.start - 3):
            canvas.path(f"M{short(x - 2)} {short(bottom + 4)}l4 -8", "zero")


def _tip(table: BarrierTable, cells: Sequence[CutBarrier], beside: Sequence[CutBarrier]) -> str:
    lines = []
    for i, cell in enumerate(cells):
        lines.append(f"into {cell.host}: {cell_tip(cell, table)}")
        lines += [f"barrier {beside[i].estimate.text} {beside[i].estimate.interval_text}"] if beside else []
    return "\n".join(lines)
