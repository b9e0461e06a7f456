"""The explorer's curve: what one layer costs one host at every alpha."""

import math
from typing import TYPE_CHECKING

from isthmus.measures.estimate import number_text
from isthmus.pages.explorer.numbers import curves_of, factor_of, kept_split
from isthmus.report import style
from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.bars import OPEN
from isthmus.report.drawn.canvas import Canvas, short
from isthmus.report.drawn.curves import (
    DOTTED,
    INTERVALS,
    LEFT,
    NAMED,
    PANEL,
    add_alpha_zones,
    draw_axes,
    interval_tables,
)
from isthmus.report.values import kind_of
from isthmus.results.curves import baseline_along_alpha
from isthmus.results.units import shown_unit

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.report.shown import CutBarrier

SPARE = 0.12
"""What an axis has beyond its curves at either end, for intervals."""


def layer_curve(
    result: "xr.Dataset", value: str, split: str | None, row: str, host: str, ends: tuple[float, float]
) -> Canvas:
    """The rise over the host along alpha with the intervals that are known, and the baseline that barriers count from.

    Args:
        result: A measurement on two or more alphas.
        value: A rise.
        split: Which split.
        row: A label of `moving`.
        host: Which host.
        ends: Of the axis, that of all members.

    Returns:
        The picture.
    """
    part, kind, unit = kept_split(result, split), kind_of(value), shown_unit(result, kind_of(value))
    alpha = [float(x) for x in result["alpha"].values]
    curve = curves_of(result, value, split)[row, host]
    baseline = baseline_along_alpha(part, kind, factor_of(value)).get(host)
    tables = interval_tables(result, value, split)
    canvas = Canvas(0)
    top = canvas.notes(0.0, [f"{style.row_name(row)} into {host}: {kind} rise over the host ({unit})"]) + 2
    spare = SPARE * (ends[1] - ends[0]) or 1.0
    across = Piece(min(alpha), max(alpha), LEFT, canvas.width - 10)
    down = Piece(ends[0] - spare, ends[1] + spare, top + PANEL, top)
    draw_axes(canvas, across, down, alpha, is_last=True, host=host)
    if baseline is not None:
        is_near = [down.low <= y <= down.high for y in baseline]
        points = zip(alpha, baseline, is_near, strict=True)
        canvas.line([(across.at(x), down.at(y) if near else math.nan) for x, y, near in points], "dotted")
    points_of_curve = [
        (across.at(x), down.at(float(y)) if math.isfinite(y) else math.nan) for x, y in zip(alpha, curve, strict=True)
    ]
    canvas.line(points_of_curve, "named", NAMED[0])
    cells = [table.cells[row, host] for table in tables]
    is_open = [_draw_interval(canvas, across, down, cell) for cell in cells]
    digits = max((cell.estimate.decimals for cell in cells), default=2)
    tips = [[f"{number_text(float(y), digits)} {unit}" for y in curve]]
    add_alpha_zones(canvas, across, alpha, down, host, tips)
    beyond = [float(y) for y in curve if math.isfinite(y) and not down.low <= y <= down.high]
    notes = [f"The curve leaves the axis: {number_text(max(beyond, key=abs), 1)}."] if beyond else []
    notes += [INTERVALS] * bool(cells) + [OPEN] * any(is_open) + [DOTTED] * (baseline is not None)
    canvas.height = canvas.notes(top + PANEL + 30, notes)
    return canvas


def _draw_interval(canvas: Canvas, across: Piece, down: Piece, cell: "CutBarrier") -> bool:
    """The interval as far as it lies on the axis; whether it goes on."""
    number = cell.estimate
    if not number.low < number.high or not math.isfinite(cell.alpha):
        return False
    x, caps = across.at(cell.alpha), ""
    for end in (number.low, number.high):
        if down.low <= end <= down.high:
            caps += f"M{short(x - 3)} {short(down.at(end))}h6"
    canvas.path(f"M{short(x)} {short(down.at(number.low))}V{short(down.at(number.high))}{caps}", "whisker")
    return caps.count("h") < 2
