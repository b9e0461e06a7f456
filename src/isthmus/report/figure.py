"""Where pictures are drawn: a figure that is laid out without being drawn, or the place that a caller gave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase

Make = Callable[[float, float], Figure | SubFigure]
"""Makes an empty figure of a width and a height in inches."""


class LaidOutFigure(Figure):
    """A figure whose first drawing for a file, which serves the layout alone, stops after the layout.

    `savefig` draws twice: once onto nothing, for the layout, and then, with the layout off, onto the file. The picture
    is the same to the byte.
    """

    def draw(self, renderer: "RendererBase") -> None:
        """Lay it out where the layout is still to be done; draw it where it is done.

        Args:
            renderer: Where to.
        """
        layout = self.get_layout_engine()
        if isinstance(layout, ConstrainedLayoutEngine):
            layout.execute(self)
        else:
            super().draw(renderer)


def _laid_out(width_inches: float, height_inches: float) -> Figure:
    return LaidOutFigure(figsize=(width_inches, height_inches), layout="constrained")


_make: ContextVar[Make] = ContextVar("make", default=_laid_out)


@contextmanager
def drawn_on(make: Make) -> Iterator[None]:
    """Let every picture be drawn, while the block runs, where a caller wants it.

    Args:
        make: Gives the place for the width and the height that a picture would like.
    """
    token = _make.set(make)
    try:
        yield
    finally:
        _make.reset(token)


def figure_of(width_inches: float, height_inches: float) -> Figure:
    """An empty figure for a picture.

    Args:
        width_inches: Width.
        height_inches: Height.

    Returns:
        One of its own, or the place that `drawn_on` gave.
    """
    return cast("Figure", _make.get()(width_inches, height_inches))


class Place(SubFigure):
    """A part of a caller's figure in which a picture is drawn; its size is the caller's."""

    def get_figwidth(self) -> float:
        """The width of the place.

        Returns:
            Inches.
        """
        return float(self.bbox.width / self.get_dpi())

    def get_figheight(self) -> float:
        """The height of the place.

        Returns:
            Inches.
        """
        return float(self.bbox.height / self.get_dpi())

    def set_figheight(self, val: float) -> None:
        """Leave the height as the caller set it.

        Args:
            val: What the picture would like.
        """
