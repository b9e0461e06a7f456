"""Growing groups for the page: a line an order against the number of layers moved, with its band."""

import itertools
import math
from collections.abc import Mapping, Sequence

from isthmus.measures.estimate import Estimate
from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.canvas import SMALL, Canvas, Zones, dot, short, text_width

LEFT, PANEL = 44.0, 120.0
Line = tuple[str, str, Sequence[int], Sequence[Estimate]]
"""Name, colour, how many layers move, and the numbers."""


def growth_panel(
    canvas: Canvas, top: float, title: str, lines: Sequence[Line], full: float, limits: tuple[float, float], axis: str
) -> float:
    """One panel.

    Args:
        canvas: Where.
        top: Its upper edge.
        title: Above it.
        lines: What it shows.
        full: The full network's number, a dotted line.
        limits: Of the axis of numbers.
        axis: What that axis shows.

    Returns:
        Where it ends.
    """
    sizes = sorted({size for _, _, of_line, _ in lines for size in of_line})
    across = Piece(sizes[0] - 0.2, sizes[-1] + 0.2, LEFT, canvas.width - 10)
    canvas.text(LEFT, top + 12, title, "small strong")
    down = Piece(*limits, top + 18 + PANEL, top + 18)
    for y, text in down.ticks(4):
        canvas.path(f"M{short(across.start)} {short(y)}H{short(across.end)}", "grid")
        canvas.text(across.start - 5, y + 3.5, text, "small", anchor="end")
    canvas.path(f"M{short(across.start)} {short(down.at(0.0))}H{short(across.end)}", "zero")
    if math.isfinite(full):
        canvas.path(f"M{short(across.start)} {short(down.at(full))}H{short(across.end)}", "dotted")
    for _, colour, of_line, numbers in lines:
        _draw_line(canvas, across, down, of_line, numbers, colour)
    for size in sizes[:: -(-len(sizes) // 12)]:
        canvas.centred(across.at(size), down.start + 13, str(size))
    canvas.text(
        (across.start + across.end) / 2,
        down.start + 26,
        f"{axis} against the number of layers moved",
        "small",
        anchor="middle",
    )
    said = [
        [
            "\n".join(
                f"{name} {numbers[list(of_line).index(size)].text} {numbers[list(of_line).index(size)].interval_text}"
                for name, _, of_line, numbers in lines
                if size in of_line
            )
            for size in sizes
        ]
    ]
    edges = [across.start, *(across.at((x + y) / 2) for x, y in itertools.pairwise(sizes)), across.end]
    widths = [right - left for left, right in itertools.pairwise(edges)]
    words = [f"{size} {'layer' if size == 1 else 'layers'}" for size in sizes]
    canvas.zones.append(Zones(edges[:-1], widths, [down.end], [PANEL], [title], words, said))
    return down.start + 34


def growth_legend(canvas: Canvas, entries: Mapping[str, str]) -> float:
    """Names of the lines, above the panels.

    Args:
        canvas: Where.
        entries: Names and their colours.

    Returns:
        Where it ends.
    """
    x, y = 0.0, 4.0
    for name, colour in [*entries.items(), ("full network", "")]:
        width = 28 + text_width(name, SMALL)
        if x and x + width > canvas.width:
            x, y = 0.0, y + 14
        canvas.path(f"M{short(x)} {short(y + 4)}h18", "named" if colour else "dotted", stroke=colour)
        canvas.text(x + 22, y + 7.5, name, "small")
        x += width + 6
    return y + 16


def _draw_line(
    canvas: Canvas, across: Piece, down: Piece, sizes: Sequence[int], numbers: Sequence[Estimate], colour: str
) -> None:
    known = [(across.at(size), one) for size, one in zip(sizes, numbers, strict=True) if math.isfinite(one.half_width)]
    if len(known) > 1:
        there = [f"{short(x)} {short(down.at(one.high))}" for x, one in known]
        back = [f"{short(x)} {short(down.at(one.low))}" for x, one in reversed(known)]
        canvas.path(f"M{'L'.join([*there, *back])}z", "band", fill=colour)
    points = [(across.at(size), down.at(one.value)) for size, one in zip(sizes, numbers, strict=True)]
    canvas.line(points, "named", colour)
    for x, y in points:
        if math.isfinite(y):
            canvas.path(dot(x, y, 2), fill=colour)
