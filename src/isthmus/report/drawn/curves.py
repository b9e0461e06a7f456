"""Curves for the page: the rise or the excess along alpha, a panel a host, with the intervals that are known."""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.estimate import number_text
from isthmus.report import style
from isthmus.report.barriers.curves import NUM_NAMED, curve_value, shown_curves
from isthmus.report.barriers.scale import TENFOLD
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.canvas import Canvas, Zones, short
from isthmus.report.drawn.cells import LONGEST_NAME
from isthmus.report.short_names import shortened
from isthmus.report.shown import CutBarrier
from isthmus.report.values import is_rise, kind_of
from isthmus.results.curves import Curve
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

LEFT, PANEL = 44.0, 120.0
NAMED = ("#d55e00", "#009e73", "#b8589a")  # of Okabe and Ito; read on light and on dark
DOTTED = "Dotted: the baseline that barriers count from."
INTERVALS = (
    "Upright lines are 95 % intervals, where they are known: at the midpoint, at the largest rise, at the exchange."
)


def curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """The rise over the host, or the excess, along alpha; the full network on the axis of the layers if they fit.

    The full network and the layers with the largest numbers are drawn thick and named, the others thin. Where the full
    network is more than tenfold the layers, it has a panel of its own, marked so.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_rise"` (with the baseline of the barriers as a dotted line), `"loss_barrier"`, or the same of the
            error.
        split: Which split.

    Returns:
        The picture.
    """
    table = barrier_table(result, curve_value(result, value), split)
    curve, baseline = shown_curves(result, value, split)
    alpha = [float(x) for x in result["alpha"].values]
    bounds = interval_tables(result, value, split)
    canvas, top = Canvas(0), 0.0
    across = Piece(min(alpha), max(alpha), LEFT, canvas.width - 10)
    what = "rise over the host" if is_rise(value) else "excess"
    for host in table.hosts:
        named = _largest(table, host)
        both = [curve[row, host] for row in table.rows]
        apart = bool(table.layers) and _reach(both[:1]) > TENFOLD * _reach(both[1:])
        top = canvas.notes(top, [f"into {host}: {kind_of(value)} {what} ({table.unit})"]) + 2
        groups = [[FULL_NETWORK], list(table.layers)] if apart else [table.rows]
        for k, rows in enumerate(groups):
            shown = [curve[row, host] for row in rows]
            numbers = [
                cell
                for cells in bounds
                for row in rows
                for cell in [cells.cells[row, host]]
                if row in {*named, FULL_NETWORK}
            ]
            down = _down(shown, numbers, baseline.get(host), top)
            draw_axes(canvas, across, down, alpha, is_last=k == len(groups) - 1, host=host)
            if host in baseline:
                canvas.line([(across.at(x), down.at(y)) for x, y in zip(alpha, baseline[host], strict=True)], "dotted")
            for row, values in sorted(zip(rows, shown, strict=True), key=lambda pair: _order(pair[0], named)):
                _draw_curve(canvas, across, down, alpha, values, row, named)
            for cell in numbers:
                _draw_interval(canvas, across, down, cell, named)
            if apart:
                words = "full network, a scale of its own" if k == 0 else "single layers"
                canvas.text(canvas.width - 10, down.end + 10, words, "small faint", anchor="end")
            tips = [[_tip(table, rows, [line[i] for line in shown]) for i in range(len(alpha))]]
            add_alpha_zones(canvas, across, alpha, down, host, tips)
            top = down.start + (14 if k < len(groups) - 1 else 30)
        top = _draw_legend(canvas, top, table, host, named)
    notes = [INTERVALS] * bool(bounds)
    notes += [DOTTED] * bool(baseline)
    canvas.height = canvas.notes(top, notes)
    return canvas


def interval_tables(result: "xr.Dataset", value: str, split: str | None) -> list[BarrierTable]:
    """The numbers on the curves that have an interval, each at its alpha.

    Args:
        result: A measurement.
        value: A rise or a barrier.
        split: Which split.

    Returns:
        A table for each.
    """
    of = OF[kind_of(value)]
    numbers = [*of.rises.values()] if is_rise(value) else [of.barrier]
    known = [barrier_table(result, number.name, split) for number in numbers if number.name in result]
    return [table for table in known if not all(cell.estimate.is_nan for cell in table.cells.values())]


def _largest(table: BarrierTable, host: str) -> list[str]:
    cells = [table.cells[row, host] for row in table.layers]
    finite = [cell for cell in cells if math.isfinite(cell.estimate.value)]
    return [cell.layer for cell in sorted(finite, key=lambda cell: -cell.estimate.value)[:NUM_NAMED]]


def _order(row: str, named: Sequence[str]) -> int:
    """What is named is drawn last, above the others."""
    return 0 if row not in named and row != FULL_NETWORK else 9 - named.index(row) if row in named else 10


def _reach(lines: Sequence[Curve]) -> float:
    finite = [np.abs(line[np.isfinite(line)]) for line in lines]
    return max((float(line.max()) for line in finite if line.size), default=0.0)


def _down(shown: Sequence[Curve], numbers: Sequence[CutBarrier], line: Curve | None, top: float) -> Piece:
    """The axis of values: all curves, their intervals within reason, and the baseline if it is not far off."""
    values = [0.0, *(float(y) for curve in shown for y in curve if math.isfinite(y))]
    low, high = min(values), max(values)
    reach = high - low or 1.0
    ends = [end for cell in numbers for end in (cell.estimate.low, cell.estimate.high)]
    near = [end for end in ends if low - reach < end < high + reach]
    if line is not None and low - 1.5 * reach < line.min() and line.max() < high + 1.5 * reach:
        near += [float(line.min()), float(line.max())]
    low, high = min([low, *near]), max([high, *near])
    spare = 0.06 * (high - low) or 1.0
    # Numbers grow upwards, places downwards.
    return Piece(low - spare, high + spare, top + PANEL, top)


def draw_axes(canvas: Canvas, across: Piece, down: Piece, alpha: Sequence[float], *, is_last: bool, host: str) -> None:
    """Grid, ticks and words of a panel of curves.

    Args:
        canvas: Where.
        across: The axis of alpha.
        down: The axis of numbers.
        alpha: The grid.
        is_last: Whether no panel of the same host follows, so that alpha is written below.
        host: Which host.
    """
    for y, text in down.ticks(4):
        canvas.path(f"M{short(across.start)} {short(y)}H{short(across.end)}", "grid")
        canvas.text(across.start - 5, y + 3.5, text, "small", anchor="end")
    zero = short(down.at(0.0))
    canvas.path(f"M{short(across.start)} {zero}H{short(across.end)}", "zero")
    for x, text in across.ticks(5):
        canvas.path(f"M{short(x)} {short(down.start)}v3", "zero")
        if is_last:
            canvas.centred(x, down.start + 13, text)
    if is_last:
        other = "b" if host == "a" else "a"
        ends = f"alpha (0 is {host}, 1 is {other})" if max(alpha) == 1 else f"alpha (0 is {host})"
        canvas.text((across.start + across.end) / 2, down.start + 25, ends, "small", anchor="middle")


def _draw_curve(
    canvas: Canvas, across: Piece, down: Piece, alpha: Sequence[float], values: Curve, row: str, named: Sequence[str]
) -> None:
    points = [
        (across.at(x), down.at(float(y)) if math.isfinite(y) else math.nan) for x, y in zip(alpha, values, strict=True)
    ]
    if row in named:
        canvas.line(points, "named", NAMED[named.index(row)])
    else:
        canvas.line(points, "full" if row == FULL_NETWORK else "curve")


def _draw_interval(canvas: Canvas, across: Piece, down: Piece, cell: CutBarrier, named: Sequence[str]) -> None:
    number = cell.estimate
    if not number.low < number.high or not math.isfinite(cell.alpha):
        return
    # Beside one another where layers share an alpha.
    x = across.at(cell.alpha) + (0 if cell.layer == FULL_NETWORK else 2.5 * (named.index(cell.layer) - 1))
    low, high = down.at(number.low), down.at(number.high)
    look = "whisker" if cell.layer == FULL_NETWORK else "named"
    colour = "" if cell.layer == FULL_NETWORK else NAMED[named.index(cell.layer)]
    canvas.path(
        f"M{short(x - 2)} {short(low)}h4M{short(x)} {short(low)}V{short(high)}M{short(x - 2)} {short(high)}h4",
        look,
        stroke=colour,
    )


def _draw_legend(canvas: Canvas, top: float, table: BarrierTable, host: str, named: Sequence[str]) -> float:
    others = len(table.layers) - len(named)
    entries = [(FULL_NETWORK, "full", ""), *((row, "named", NAMED[i]) for i, row in enumerate(named))]
    names = dict(zip(named, shortened(named, LONGEST_NAME), strict=True)) | {FULL_NETWORK: "full network"}
    for row, look, colour in entries:
        estimate = table.cells[row, host].estimate
        canvas.path(f"M{short(LEFT)} {short(top + 8)}h18", look, stroke=colour)
        words = f"{names[row]}: {table.name} {estimate.text} {estimate.interval_text}"
        canvas.text(LEFT + 24, top + 11.5, words, "small", full=f"{style.row_name(row)}: {table.name} {estimate.text}")
        top += 13
    if others > 0:
        canvas.path(f"M{short(LEFT)} {short(top + 8)}h18", "curve")
        canvas.text(LEFT + 24, top + 11.5, f"the other {others} layers" if others > 1 else "the other layer", "small")
        top += 13
    return top + 8


def _tip(table: BarrierTable, rows: Sequence[str], values: Sequence[float]) -> str:
    digits = max((table.cells[row, table.hosts[0]].estimate.decimals for row in rows), default=2)
    order = sorted(
        range(len(rows)), key=lambda i: (rows[i] != FULL_NETWORK, -values[i] if math.isfinite(values[i]) else 0)
    )
    lines = [f"{style.row_name(rows[i])} {number_text(float(values[i]), digits)}" for i in order[: NUM_NAMED + 3]]
    return "\n".join([*lines, *(["..."] if len(rows) > NUM_NAMED + 3 else [])])


def add_alpha_zones(
    canvas: Canvas, across: Piece, alpha: Sequence[float], down: Piece, host: str, tips: list[list[str]]
) -> None:
    """A zone for every alpha of a panel.

    Args:
        canvas: Where.
        across: The axis of alpha.
        alpha: The grid.
        down: The axis of numbers.
        host: Which host.
        tips: What is said at every alpha, in one row.
    """
    middles = [(x + y) / 2 for x, y in itertools.pairwise(alpha)]
    edges = [across.start, *(across.at(x) for x in middles), across.end]
    widths = [right - left for left, right in itertools.pairwise(edges)]
    columns = [f"alpha {x:g}" for x in alpha]
    canvas.zones.append(Zones(edges[:-1], widths, [down.end], [PANEL], [f"into {host}"], columns, tips))
