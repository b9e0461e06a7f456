"""Coloured cells with numbers in rows and columns, and the bar that says what the colours mean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isthmus.measures.estimate import Estimate
from isthmus.report import style
from isthmus.report.drawn.canvas import SMALL, Canvas, Zones, short, text_width
from isthmus.report.drawn.colours import STEPS, ink_on, shade, shade_colour
from isthmus.report.short_names import shortened
from isthmus.sweeps.group import FULL_NETWORK

ROW, NUMBER, GAP = 17.0, 10.0, 6.0
WIDEST_CELL, NARROWEST_CELL = 64.0, 4.0
LONGEST_NAME = 20
UNDECIDED = "Italics: the 95 % interval includes zero."
DECIDED = "Outlined: the 95 % interval excludes zero."
UNDECIDED_DOT = "Dot: the 95 % interval includes zero."


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Attributes:
        estimate: Its number.
        text: The number with its marks; a cell that is NaN and has none stays empty.
        tip: What a reader who points at it is told.
    """

    estimate: Estimate
    text: str
    tip: str


@dataclass(frozen=True)
class Panel:
    """Cells in rows and columns.

    Attributes:
        rows: Their labels; the first row stands apart if it is the full network's.
        columns: Their names, of one line or two.
        cells: Row by row.
        title: Above them.
        groups: How many columns belong together.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    title: str = ""
    groups: int = 0

    def parts(self, most: int) -> "Iterable[Panel]":
        """The panel in parts of few columns.

        Args:
            most: How many columns each may have.

        Yields:
            The parts, of about as many columns each.
        """
        count = -(-len(self.columns) // most)
        size = -(-len(self.columns) // count)
        for start in range(0, len(self.columns), size):
            part = slice(start, start + size)
            yield Panel(self.rows, self.columns[part], [row[part] for row in self.cells], self.title, self.groups)


def cell_map(
    panels: Sequence[Panel],
    limit: float,
    label: str,
    notes: Iterable[str] = (),
    *,
    outlined: bool = False,
    longest_name: int = LONGEST_NAME,
) -> Canvas:
    """Panels below one another, all in the same colours.

    Args:
        panels: With the same rows.
        limit: Where the colours end in both directions.
        label: What they show.
        notes: Sentences to add below.
        outlined: Whether cells without room for numbers are outlined where the interval excludes zero, and the others
            left quiet: for pictures in which most include it. Otherwise those that include it have a dot.
        longest_name: Characters of a row's name.

    Returns:
        The picture.
    """
    canvas = Canvas(0)
    full = [style.row_name(row) for row in panels[0].rows]
    names = shortened(full, longest_name)
    gutter = max(text_width(name) for name in names) + 6
    most = int((canvas.width - gutter) / NARROWEST_CELL)
    top, signs = 2.0, {""}
    for panel in [part for whole in panels for part in whole.parts(most)]:
        num = len(panel.columns)
        room = canvas.width - gutter - (GAP * (num // panel.groups - 1) if panel.groups else 0)
        width = min(WIDEST_CELL, room / num)
        has_numbers = max(text_width(cell.text, NUMBER) for row in panel.cells for cell in row) <= width
        if panel.title:
            top += 14
            canvas.text(gutter, top, panel.title, "strong")
        lefts = [gutter + width * k + (GAP * (k // panel.groups) if panel.groups else 0) for k in range(num)]
        top = _draw_head(canvas, top, panel.columns, lefts, width) + 4
        is_full = panel.rows[0] == FULL_NETWORK
        tops = [top + ROW * i + (GAP if is_full and i else 0) for i in range(len(panel.rows))]
        for name, whole, y in zip(names, full, tops, strict=True):
            canvas.text(gutter - 6, y + 12.5, name, anchor="end", full=whole)
        _draw_tiles(canvas, panel, lefts, tops, width, limit)
        centres = [x + width / 2 for x in lefts]
        if outlined and not has_numbers:
            signs.add(_draw_outlines(canvas, panel, lefts, tops, width))
        else:
            signs.add(_draw_words(canvas, panel, centres, tops, limit, has_numbers=has_numbers))
        columns = [column.replace("\n", " ") for column in panel.columns]
        tips = [[cell.tip for cell in row] for row in panel.cells]
        canvas.zones.append(Zones(lefts, [width - 1] * num, tops, [ROW - 1] * len(tops), full, columns, tips))
        top = tops[-1] + ROW + 4
    top = _draw_colour_bar(canvas, top + 4, gutter, limit, label, panels)
    canvas.height = canvas.notes(top, [*sorted(signs - {""}), *notes])
    return canvas


def _draw_head(canvas: Canvas, top: float, columns: Sequence[str], lefts: Sequence[float], width: float) -> float:
    """Names of columns, turned where they would overlap; of narrow columns not every one."""
    lines = [column.split("\n") for column in columns]
    if max(text_width(line, SMALL) for name in lines for line in name) <= width:
        height = 12.0 * max(map(len, lines))
        for left, name in zip(lefts, lines, strict=True):
            for i, line in enumerate(name):
                canvas.text(left + width / 2, top + 12 * (i + 1), line, "small", anchor="middle")
        return top + height
    names = shortened([column.replace("\n", " ") for column in columns], LONGEST_NAME)
    bottom = top + 6 + max(text_width(name, SMALL) for name in names)
    every = max(1, -(-12 // int(max(width, 1))))
    for left, short_name, whole in list(zip(lefts, names, columns, strict=True))[::every]:
        canvas.text(left + width / 2 + 3.5, bottom, short_name, "small", full=whole.replace("\n", " "), turned=True)
    return bottom


def _draw_tiles(
    canvas: Canvas, panel: Panel, lefts: Sequence[float], tops: Sequence[float], width: float, limit: float
) -> None:
    """All cells of a shade are one path."""
    tiles: dict[int | None, str] = {}
    gap = 1 if width > 8 else 0
    for y, row in zip(tops, panel.cells, strict=True):
        for x, cell in zip(lefts, row, strict=True):
            if cell.estimate.is_nan and not cell.text:
                continue
            key = None if cell.estimate.is_nan else shade(cell.estimate.value, limit)
            tile = f"M{short(x)} {short(y)}h{short(width - gap)}v{short(ROW - 1)}h-{short(width - gap)}z"
            tiles[key] = tiles.get(key, "") + tile
    for key, data in sorted(tiles.items(), key=lambda pair: -99 if pair[0] is None else pair[0]):
        look = "undefined" if key is None else "beyond" if abs(key) > STEPS else ""
        canvas.path(data, look, fill="" if key is None else shade_colour(key))


def _draw_words(
    canvas: Canvas, panel: Panel, centres: Sequence[float], tops: Sequence[float], limit: float, *, has_numbers: bool
) -> str:
    """Numbers, in italics where the interval includes zero, or dots there; returns what that means if it occurs."""
    words: dict[str, list[tuple[float, float, str]]] = {}
    some_undecided = False
    for y, row in zip(tops, panel.cells, strict=True):
        for x, cell in zip(centres, row, strict=True):
            undecided = cell.estimate.includes_zero and not cell.estimate.is_exact
            some_undecided |= undecided
            if has_numbers or undecided:
                ink = "on-light" if cell.estimate.is_nan else ink_on(shade(cell.estimate.value, limit))
                look = f"number {ink}{' slanted' if undecided else ''}"
                words.setdefault(look, []).append((x, y + 12, cell.text if has_numbers else "·"))
    for look, of_look in words.items():
        canvas.texts(look, of_look)
    return (UNDECIDED if has_numbers else UNDECIDED_DOT) if some_undecided else ""


def _draw_outlines(canvas: Canvas, panel: Panel, lefts: Sequence[float], tops: Sequence[float], width: float) -> str:
    """Outlines where the interval excludes zero; returns what that means if it occurs."""
    data = "".join(
        f"M{short(x + 0.5)} {short(y + 0.5)}h{short(width - 2)}v{short(ROW - 2)}h-{short(width - 2)}z"
        for y, row in zip(tops, panel.cells, strict=True)
        for x, cell in zip(lefts, row, strict=True)
        if cell.estimate.low > 0 or cell.estimate.high < 0
    )
    if data:
        canvas.path(data, "outline")
    return DECIDED if data else ""


def _draw_colour_bar(
    canvas: Canvas, top: float, gutter: float, limit: float, label: str, panels: Sequence[Panel]
) -> float:
    left, width, height = min(gutter, 110.0), 160.0, 9.0
    tile = width / (2 * STEPS + 1)
    for i in range(-STEPS, STEPS + 1):
        start = tile * (i + STEPS)
        canvas.rect(left + start, top, width - start, height, fill=shade_colour(i))  # so no gap shows what lies below
    for place, number in ((0.0, -limit), (0.5, 0.0), (1.0, limit)):
        canvas.centred(left + place * width, top + height + 11, style.limit_text(number))
    canvas.text(left + width / 2, top + height + 25, label, "small", anchor="middle")
    values = [cell.estimate.value for panel in panels for row in panel.cells for cell in row]
    x = left + width + 14
    for sign, words in ((1, "above"), (-1, "below")):
        beyond = [value for value in values if sign * value > limit]
        if beyond:
            canvas.rect(x, top, 9, height, "beyond", shade_colour(sign * (STEPS + 1)))
            furthest = style.limit_text(max(beyond, key=abs))
            canvas.text(x + 12, top + height - 0.5, f"{words}, to {furthest}", "small")
            top_words = text_width(f"{words}, to {furthest}", SMALL)
            x += 12 + top_words + 4
    return top + height + 29
