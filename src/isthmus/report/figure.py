"""A figure that is laid out without being drawn."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase


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
