"""Rises per size for the page: every layer's number and interval in three columns, the full network's as a line."""

import math
from collections.abc import Mapping, Sequence

from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.bars import panel_ends
from isthmus.report.drawn.canvas import SMALL, Canvas, Zones, dot, short, text_width
from isthmus.report.drawn.cells import LONGEST_NAME
from isthmus.report.short_names import shortened
from isthmus.report.shown import CutBarrier
from isthmus.sweeps.group import FULL_NETWORK

BETWEEN = 14.0
Cells = Mapping[tuple[str, str], CutBarrier]


def columns_of_dots(
    titles: Sequence[str], columns: Sequence[Cells], layers: Sequence[str], hosts: Sequence[str], notes: Sequence[str]
) -> Canvas:
    """A dot with its interval for every layer and host, in columns that each have their own axis.

    Args:
        titles: Of the columns, of one line or two.
        columns: The numbers by layer and host; the full network's are dashed lines.
        layers: The rows.
        hosts: In each row one below the other.
        notes: Sentences to add below.

    Returns:
        The picture.
    """
    canvas, names = Canvas(0), shortened(list(layers), LONGEST_NAME)
    left = max(text_width(name) for name in names) + 10
    width = (canvas.width - left - BETWEEN * (len(columns) - 1) - 6) / len(columns)
    row = 9.0 * len(hosts) + 5
    x = left
    for host in hosts:
        canvas.path(dot(x + 4, 7), f"dot-{host}")
        canvas.text(x + 12, 11, f"into {host}", "small")
        x += 24 + text_width(f"into {host}", SMALL)
    canvas.path(f"M{short(x)} 7h16", "dotted")
    canvas.text(x + 20, 11, "full network", "small")
    tops = [22 + row * i for i in range(len(layers))]
    bottom = tops[-1] + row
    for name, whole, top in zip(names, layers, tops, strict=True):
        canvas.text(left - 8, top + row / 2 + 3, name, anchor="end", full=whole)
    for k, (title, cells) in enumerate(zip(titles, columns, strict=True)):
        start = left + k * (width + BETWEEN)
        shown = [cells[layer, host] for layer in layers for host in hosts]
        piece = Piece(*panel_ends(shown), start, start + width)
        for x, text in piece.ticks(2):
            canvas.path(f"M{short(x)} 20V{short(bottom)}", "grid")
            canvas.centred(x, bottom + 12, text)
        if piece.low < 0 < piece.high:
            canvas.path(f"M{short(piece.at(0.0))} 20V{short(bottom)}", "zero")
        for host in hosts:
            full = cells[FULL_NETWORK, host].estimate.value
            if piece.low < full < piece.high:
                canvas.path(f"M{short(piece.at(full))} 20V{short(bottom)}", "dotted")
        for layer, top in zip(layers, tops, strict=True):
            for i, host in enumerate(hosts):
                _draw_dot(canvas, piece, top + 2.5 + 9 * i + 4.5, cells[layer, host])
        for i, line in enumerate(title.split("\n")):
            canvas.centred(start + width / 2, bottom + 26 + 12 * i, line)
    said = [title.replace("\n", " ") for title in titles]
    tips = [
        [
            "\n".join(
                _tip(title, [cells[layer, host] for host in hosts]) for title, cells in zip(said, columns, strict=True)
            )
        ]
        for layer in layers
    ]
    canvas.zones.append(Zones([0], [canvas.width], tops, [row] * len(layers), layers, [""], tips))
    canvas.height = canvas.notes(bottom + 26 + 12 * max(title.count("\n") for title in titles), notes)
    return canvas


def _tip(title: str, cells: Sequence[CutBarrier]) -> str:
    return f"{title}: " + ", ".join(f"into {cell.host} {cell.estimate.value:.3g}" for cell in cells)


def _draw_dot(canvas: Canvas, piece: Piece, y: float, cell: CutBarrier) -> None:
    number = cell.estimate
    if not math.isfinite(number.value):
        return
    x, low, high = (piece.at(value) for value in (number.value, number.low, number.high))
    if low < high:
        canvas.path(f"M{short(low)} {short(y)}H{short(high)}", f"line-{cell.host}")
    canvas.path(dot(x, y), f"dot-{cell.host}")
