"""A sheet that shapes are put on: SVG whose colours the page's theme sets, or a file of its own in the light theme."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

RULES = Path(__file__).parent.parent / "templates" / "drawing.css"
THEME = Path(__file__).parent.parent / "templates" / "theme.css"
WIDTH = 380.0  # of a phone's window: there a picture stands in its own size, elsewhere larger
TEXT, SMALL = 11.0, 9.5
NARROW, BROAD = "ijl.,:;|!'[]() ", "mwMW%<>=+−~@&#…"


@dataclass(frozen=True)
class Zones:
    """Rows and columns of a picture over which a reader points or moves by arrow keys, and what each says.

    Attributes:
        lefts: Left edges of the columns.
        widths: Of the columns.
        tops: Upper edges of the rows.
        heights: Of the rows.
        rows: Names of the rows.
        columns: Names of the columns.
        tips: What is said, row by row.
    """

    lefts: Sequence[float]
    widths: Sequence[float]
    tops: Sequence[float]
    heights: Sequence[float]
    rows: Sequence[str]
    columns: Sequence[str]
    tips: Sequence[Sequence[str]]

    @property
    def json(self) -> str:
        """For the page's script."""
        lefts, widths, tops, heights = (
            [int(number) if number == int(number) else round(number, 1) for number in numbers]
            for numbers in (self.lefts, self.widths, self.tops, self.heights)
        )
        alike = (sides[0] if len(set(sides)) == 1 else sides for sides in (widths, heights))
        said = [lefts, tops, *alike, self.rows, self.columns, self.tips]
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


@dataclass
class Canvas:
    """SVG in the making; what is put on it later lies above.

    Attributes:
        height: In units of the width.
        width: Of the sheet.
    """

    height: float
    width: float = WIDTH
    zones: list[Zones] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        look: str = "",
        *,
        anchor: str = "start",
        full: str = "",
        turned: bool = False,
    ) -> None:
        """A line of text; `y` is its baseline.

        Args:
            x: Where it is anchored.
            y: Its baseline.
            words: What it says.
            look: Names of rules.
            anchor: "start", "middle" or "end".
            full: All of a shortened text, for the pointer.
            turned: Whether it runs upwards.
        """
        told = f"<title>{escape(full)}</title>" if full and full != words else ""
        where = {"start": "", "middle": ' text-anchor="middle"', "end": ' text-anchor="end"'}[anchor]
        turn = f' transform="rotate(-90 {short(x)} {short(y)})"' if turned else ""
        self._parts.append(f"<text {_at(x=x, y=y)}{where}{turn}{_look(look, '')}>{told}{escape(words)}</text>")

    def centred(self, x: float, y: float, words: str) -> None:
        """A line of small text in the middle of its place, moved by as little as keeps it on the sheet.

        Args:
            x: Its middle, such as the place of a tick.
            y: Its baseline.
            words: What it says.
        """
        half = text_width(words, SMALL) / 2
        self.text(max(half, min(x, self.width - half)), y, words, "small", anchor="middle")

    def texts(self, look: str, words: Iterable[tuple[float, float, str]]) -> None:
        """Many short texts of one look, each in the middle of its place.

        Args:
            look: Names of rules.
            words: Where each stands, and what it says.
        """
        inside = "".join(f"<text {_at(x=x, y=y)}>{escape(text)}</text>" for x, y, text in words)
        self._parts.append(f'<g{_look(look, "")} text-anchor="middle">{inside}</g>')

    def notes(self, top: float, sentences: Iterable[str]) -> float:
        """Sentences in small letters, in lines as wide as the sheet.

        Args:
            top: Where they begin.
            sentences: What they say.

        Returns:
            Where they end.
        """
        for sentence in sentences:
            line = ""
            for word in [*sentence.split(), ""]:
                longer = f"{line} {word}".strip()
                if line and (not word or text_width(longer, SMALL) > self.width - 6):
                    top += 12
                    self.text(2, top, line, "small faint")
                    longer = word
                line = longer
        return top + 4

    def rect(self, x: float, y: float, width: float, height: float, look: str = "", fill: str = "") -> None:
        """A rectangle.

        Args:
            x: Its left edge.
            y: Its upper edge.
            width: Its width.
            height: Its height.
            look: Names of rules.
            fill: A colour of its own.
        """
        self._parts.append(f"<rect {_at(x=x, y=y, width=width, height=height)}{_look(look, fill)}/>")

    def path(self, data: str, look: str = "", fill: str = "", stroke: str = "") -> None:
        """Lines and shapes.

        Args:
            data: As in SVG.
            look: Names of rules.
            fill: A colour of its own.
            stroke: The same of the line.
        """
        line = f' stroke="{stroke}"' if stroke else ""
        self._parts.append(f'<path d="{data}"{_look(look, fill)}{line}/>')

    def line(self, points: Sequence[tuple[float, float]], look: str, stroke: str = "") -> None:
        """A line through points; broken where one is NaN.

        Args:
            points: In order.
            look: Names of rules.
            stroke: A colour of its own.
        """
        data, pen_is_up = "", True
        for x, y in points:
            if math.isnan(x) or math.isnan(y):
                pen_is_up = True
                continue
            data += f"{'M' if pen_is_up else 'L'}{short(x)} {short(y)}"
            pen_is_up = False
        if data:
            self.path(data, look, stroke=stroke)

    def inline(self, label: str) -> str:
        """The picture as a part of a page.

        Args:
            label: What it shows, for those who don't see it.

        Returns:
            SVG for HTML.
        """
        # JSON is full of double quotes, each of which would take six characters between double quotes.
        said = escape(f"[{','.join(zones.json for zones in self.zones)}]", {"'": "&#39;"})
        zones = f" data-zones='{said}'" if self.zones else ""
        return (
            f'<svg class="drawing" role="img" tabindex="0" aria-label={quoteattr(label)} '
            f'viewBox="0 0 {short(self.width)} {short(self.height)}" width="{short(self.width)}"{zones}>'
            + "".join(self._parts)
            + "</svg>"
        )

    def file(self, label: str) -> bytes:
        """The picture as a file, on white.

        Args:
            label: What it shows.

        Returns:
            SVG that needs nothing else; the same bytes every time.
        """
        size = f'width="{short(self.width)}" height="{short(self.height)}"'
        return (
            f'<svg id="isthmus" class="drawing" xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {short(self.width)} {short(self.height)}"><title>{escape(label)}</title>'
            f"<style>{_light_rules()}</style>"
            f'<rect width="100%" height="100%" fill="#fff"/>{"".join(self._parts)}</svg>\n'
        ).encode()


@cache
def _light_rules() -> str:
    """The rules of drawings in the light theme's colours, for files of their own."""
    light = dict(re.findall(r"--([\w-]+): (#\w+)", THEME.read_text(encoding="utf-8").split("@media")[0]))
    rules = re.sub(r"var\(--([\w-]+)\)", lambda found: light[found[1]], RULES.read_text(encoding="utf-8"))
    return escape(" ".join(rules.split()))


def dot(x: float, y: float, radius: float = 2.5) -> str:
    """A dot as data of a path.

    Args:
        x: Its middle.
        y: The same.
        radius: Of it.

    Returns:
        Data for `Canvas.path`.
    """
    half, whole = f"{radius:g} {radius:g} 0 1 0", f"{2 * radius:g}"
    return f"M{short(x - radius)} {short(y)}a{half} {whole} 0a{half} -{whole} 0z"


def text_width(words: str, size: float = TEXT) -> float:
    """The room that a text needs in the fonts that readers have.

    Args:
        words: One line.
        size: Of the letters.

    Returns:
        An estimate, rather too much.
    """
    return size * sum(_share(letter) for letter in words)


def short(number: float) -> str:
    """A coordinate in few characters.

    Args:
        number: Any finite one.

    Returns:
        It to a tenth.
    """
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def _share(letter: str) -> float:
    if letter in NARROW:
        return 0.37
    if letter in BROAD:
        return 0.97
    return 1.0 if ord(letter) > 0x2E7F else 0.62


def _at(**numbers: float) -> str:
    return " ".join(f'{name}="{short(number)}"' for name, number in numbers.items())


def _look(look: str, fill: str) -> str:
    return (f' class="{look}"' if look else "") + (f' fill="{fill}"' if fill else "")
