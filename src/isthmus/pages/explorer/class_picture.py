"""The explorer's classes: what moving one layer costs each class of one host."""

import math
from typing import TYPE_CHECKING

from isthmus.report.barriers.classes import class_cells, class_values
from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.bars import OPEN
from isthmus.report.drawn.canvas import SMALL, Canvas, Zones, dot, short, text_width
from isthmus.report.drawn.cells import LONGEST_NAME
from isthmus.report.kept import kept
from isthmus.report.short_names import shortened
from isthmus.report.values import kind_of, value_words
from isthmus.results.units import shown_unit

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.measures.barrier import Quantity
    from isthmus.measures.estimate import Estimate

kept_cells = kept(class_cells)
MOST_CLASSES, ROW = 20, 14.0
SPARE = 0.25
"""What the axis has beyond its numbers at either end, for intervals."""


def class_value(classes: "xr.Dataset", kind: "Quantity") -> str:
    """What is shown of every class.

    Args:
        classes: Rises and barriers of every class.
        kind: "loss" or "error".

    Returns:
        The rise; the barrier where there is none, as in files of earlier versions.
    """
    return next(name for name in class_values(classes) if kind_of(name) == kind)


def class_picture(
    classes: "xr.Dataset",
    result: "xr.Dataset",
    kind: "Quantity",
    split: str | None,
    row: str,
    host: str,
    ends: tuple[float, float],
) -> Canvas:
    """A dot and a 95 % interval for every class, those that suffer most first.

    Args:
        classes: Rises and barriers of every class.
        result: The measurement.
        kind: "loss" or "error".
        split: Which split.
        row: A label of `moving`.
        host: Into which host.
        ends: Of the axis, that of all members.

    Returns:
        The picture, of at most 20 classes.
    """
    value = class_value(classes, kind)
    cells = kept_cells(classes, value, split)
    found = {name: cell for (name, layer, into), cell in cells.items() if (layer, into) == (row, host)}
    order = sorted(found, key=lambda name: (found[name].estimate.is_nan, -found[name].estimate.value))
    shown = order[:MOST_CLASSES]
    estimates = [found[name].estimate for name in shown]
    texts = [one.text + found[name].marks for name, one in zip(shown, estimates, strict=True)]
    canvas, names = Canvas(0), shortened(shown, LONGEST_NAME)
    left = max(map(text_width, names)) + 10
    right = canvas.width - max(text_width(text, SMALL) for text in texts) - 8
    spare = SPARE * (ends[1] - ends[0]) or 1.0
    across = Piece(ends[0] - spare, ends[1] + spare, left, right)
    tops = [3 + ROW * i for i in range(len(shown))]
    bottom = tops[-1] + ROW + 1
    for x, text in across.ticks(4):
        canvas.path(f"M{short(x)} 2V{short(bottom)}", "grid")
        canvas.text(x, bottom + 12, text, "small", anchor="middle")
    canvas.path(f"M{short(across.at(0.0))} 2V{short(bottom)}", "zero")
    for name, whole, top, one, text in zip(names, shown, tops, estimates, texts, strict=True):
        canvas.text(left - 8, top + 10.5, name, anchor="end", full=whole)
        canvas.text(canvas.width - 2, top + 10, text, "small", anchor="end")
        _draw_dot(canvas, across, top + ROW / 2, one, host)
    unit = shown_unit(result, kind)
    tips = [[f"{one.text} {one.interval_text} {unit}"] for one in estimates]
    canvas.zones.append(Zones([0], [canvas.width], tops, [ROW - 1] * len(tops), shown, [""], tips))
    words = f"{value_words(value)} of every class ({unit}), 95 % interval"
    canvas.text(canvas.width / 2, bottom + 26, words, "small", anchor="middle")
    left_out = len(order) - len(shown)
    is_open = any(one.low < across.low or one.high > across.high for one in estimates)
    notes = [OPEN] * is_open
    notes += [f"The {MOST_CLASSES} classes that suffer most; {left_out} more are in classes.parquet."] * (left_out > 0)
    canvas.height = canvas.notes(bottom + 30, notes)
    return canvas


def _draw_dot(canvas: Canvas, across: Piece, y: float, one: "Estimate", host: str) -> None:
    if one.low < one.high:
        ends = [(across.at(end), across.low <= end <= across.high) for end in (one.low, one.high)]
        caps = "".join(f"M{short(x)} {short(y - 2.5)}v5" for x, is_inside in ends if is_inside)
        canvas.path(f"M{short(ends[0][0])} {short(y)}H{short(ends[1][0])}{caps}", "whisker")
    if math.isfinite(one.value):
        canvas.path(dot(across.at(one.value), y, 3), f"dot-{host}")
