"""A picture, its sentence and its files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.files import save_bytes
from isthmus.report.drawn.themed import themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isthmus.report.drawn.canvas import Canvas

FORMATS = ("svg", "png")
USUAL: tuple[str, ...] = ("svg",)
"""A PNG takes longer than all else, and is made where it is asked for."""


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows.

    Attributes:
        stem: Of its files, such as "loss_train"; "" where there are none.
        title: What it is of, in a few words.
        draw: Draws it with the plotting library; None where the page's own drawing is the only one.
        sentence: What it shows, computed from the numbers.
        drawing: Draws it for the page, where it answers to the pointer; the SVG file is then of this drawing.
    """

    stem: str
    title: str
    draw: "Callable[[], Figure] | None"
    sentence: str = ""
    drawing: "Callable[[], Canvas] | None" = None

    @cached_property
    def _canvas(self) -> "Canvas | None":
        return None if self.drawing is None else self.drawing()  # once for its file and the page

    def shown(self, svgs: Mapping[str, bytes]) -> dict[str, str]:
        """What a template says of it.

        Args:
            svgs: The pictures that were saved, by stem.

        Returns:
            "title", "sentence" and "inline" (SVG in the colours of the page's theme; "" if it was not saved).
        """
        words = {"title": self.title, "sentence": self.sentence}
        label = f"{self.title}. {self.sentence or 'The numbers are in the table below.'}"
        if self._canvas is not None:
            return {**words, "inline": self._canvas.inline(label)}
        svg = svgs.get(self.stem)
        return {**words, "inline": themed(svg, label) if svg else ""}

    def contents(self, formats: Iterable[str]) -> dict[str, bytes]:
        """Its files.

        Args:
            formats: Of `FORMATS`.

        Returns:
            What each file holds, by its format.
        """
        from isthmus.report.style import picture_bytes

        asked = list(formats)
        found = {"svg": self._canvas.file(self.title)} if self._canvas is not None and "svg" in asked else {}
        missing = [name for name in asked if name not in found]
        if self.draw is not None and missing:
            figure = self.draw()
            found |= {name: picture_bytes(figure, name) for name in missing}
        return found


def save_page(
    page: Path,
    figures: Path,
    pictures: Iterable[Picture],
    text: Callable[[Mapping[str, bytes]], str],
    formats: Sequence[str] = USUAL,
) -> Path:
    """Write every picture, then the page; each file appears whole or not at all.

    Args:
        page: The page's file.
        figures: The folder of the pictures; made if it is not there.
        pictures: With different stems.
        text: The page, from the pictures as SVG by stem.
        formats: Of `FORMATS`, SVG among them.

    Returns:
        The page's file.
    """
    svgs: dict[str, bytes] = {}
    for picture in pictures:
        if picture.stem:
            contents = picture.contents(formats)
            for file_format, content in contents.items():
                save_bytes(figures / f"{picture.stem}.{file_format}", content)
            svgs[picture.stem] = contents["svg"]
    save_bytes(page, text(svgs).encode())
    return page
