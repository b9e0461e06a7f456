"""A picture, its sentence and its files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.files import save_bytes
from isthmus.report.rendering import data_address

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")
Interactive = dict[str, Any]
"""Data and layout for plotly, and how many pixels wide the picture is at least."""


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows.

    Attributes:
        stem: Of its files, such as "loss_train"; "" where there are none.
        title: What it is of, in a few words.
        draw: Draws it; None where there is an interactive one alone.
        sentence: What it shows, computed from the numbers.
        interactive: Makes the twin that answers to the pointer, where there is one.
    """

    stem: str
    title: str
    draw: "Callable[[], Figure] | None"
    sentence: str = ""
    interactive: Callable[[], Interactive] | None = None

    def shown(self, svgs: Mapping[str, bytes]) -> dict[str, str]:
        """What a template says of it.

        Args:
            svgs: The pictures that were drawn, by stem.

        Returns:
            "title", "sentence" and, as an address that holds all of it, "svg"; "" if it was not drawn.
        """
        svg = svgs.get(self.stem)
        return {"title": self.title, "sentence": self.sentence, "svg": data_address(svg) if svg else ""}


def save_page(
    page: Path, figures: Path, pictures: Iterable[Picture], text: Callable[[Mapping[str, bytes]], str]
) -> Path:
    """Write every picture as SVG and PNG, then the page; each file appears whole or not at all.

    Args:
        page: The page's file.
        figures: The folder of the pictures; made if it is not there.
        pictures: With different stems.
        text: The page, from the pictures as SVG by stem.

    Returns:
        The page's file.
    """
    from isthmus.report.style import picture_bytes

    svgs: dict[str, bytes] = {}
    for picture in pictures:
        if picture.draw is not None:
            figure = picture.draw()
            contents = {file_format: picture_bytes(figure, file_format) for file_format in FORMATS}
            for file_format, content in contents.items():
                save_bytes(figures / f"{picture.stem}.{file_format}", content)
            svgs[picture.stem] = contents["svg"]
    save_bytes(page, text(svgs).encode())
    return page
