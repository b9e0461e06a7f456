"""`result.isthmus`: the words, the page and the pictures of a result, where xarray's own methods are.

Importing this module registers the accessor; the first use of a measuring function of `isthmus` does it.
"""

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from isthmus.errors import InputError

if TYPE_CHECKING:
    from isthmus.plot import Drawn

NUM_COLUMNS = 100


@xr.register_dataset_accessor("isthmus")  # type: ignore[no-untyped-call]
class ResultAccessor:
    """What isthmus says and draws of a result; at the end of a notebook's cell, headline, picture and table.

    Attributes:
        result: A measurement, also of several pairs or steps.
    """

    def __init__(self, result: xr.Dataset) -> None:
        self.result = result

    def summary(self) -> str:
        """What the terminal shows of a measurement.

        Returns:
            The tables, the losses of the two networks, the sentences and hints, for `print`.
        """
        from rich.console import Console

        from isthmus.report.barriers.terminal import summary_texts
        from isthmus.report.collections.members import has_members, members_texts

        console = Console(file=StringIO(), width=NUM_COLUMNS, color_system=None)
        console.print(*(members_texts(self.result) if has_members(self.result) else summary_texts(self.result)))
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    def report(self, folder: str | Path | None = None) -> Path:
        """Write `report.html` and `figures/`; nothing is measured.

        Args:
            folder: Where to; None for the folder that the result was measured or loaded from.

        Returns:
            The page.

        Raises:
            InputError: No folder is given, and the result has none.
        """
        from isthmus.pages.result import save_result_report

        place = folder or self.result.attrs.get("run_folder")
        if not place:
            raise InputError("a folder", "none, of a result that is only in memory", "report()", "report('FOLDER')")
        return save_result_report(Path(place).name, self.result, Path(place))

    def plot(self, name: str | None = None, **options: object) -> "Drawn":
        """A picture of the report on matplotlib axes.

        Args:
            name: One of `isthmus.plot.names(result)`; None for the first, a heat map.
            options: `ax`, a subplot to draw in.

        Returns:
            Its axes.
        """
        from isthmus import plot

        return plot.picture(self.result, name or plot.names(self.result)[0], **options)  # type: ignore[arg-type]

    def model_card(self, file: str | Path | None = None) -> str:
        """What averaging each layer costs, as a section of a model card.

        Args:
            file: A card to put it into (`README.md`), in place of an earlier one or at its end; None for none.

        Returns:
            The section, Markdown.
        """
        from isthmus.report.barriers.model_card import card_section, save_in_card
        from isthmus.runs.renewed import with_rises

        section = card_section(with_rises(self.result))
        if file is not None:
            save_in_card(section, Path(file))
        return section

    def _repr_html_(self) -> str:
        from isthmus.pages.notebook import notebook_html

        return notebook_html(self.result, self.summary())
