"""A picture, its sentence and its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.files import save_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows.

    Attributes:
        stem: Of its files, such as "loss_train".
        title: What it is of, in a few words.
        figure: The picture.
        sentence: What it shows, computed from the numbers.
    """

    stem: str
    title: str
    figure: "Figure"
    sentence: str


def save_pictures(pictures: Iterable[Picture], folder: Path, prefix: str = "") -> None:
    """Writes every picture as SVG and PNG; each file appears whole or not at all.

    Args:
        pictures: With different stems.
        folder: Where to; made if it is not there.
        prefix: Stands before the stems.
    """
    from isthmus.report.style import picture_bytes

    for picture in pictures:
        for file_format in FORMATS:
            content = picture_bytes(picture.figure, file_format)
            save_bytes(folder / f"{prefix}{picture.stem}.{file_format}", content)
