"""The report of a result that is in hand, whatever it is of."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.pages.collection import save_collection_report
from isthmus.pages.run import save_report
from isthmus.report.collections.members import has_members
from isthmus.report.picture import USUAL
from isthmus.runs.folder.loading import classes_of
from isthmus.runs.renewed import with_rises

if TYPE_CHECKING:
    import xarray as xr


def save_result_report(name: str, result: "xr.Dataset", folder: Path, formats: Sequence[str] = USUAL) -> Path:
    """Write the page and the pictures of one result; of a result of an earlier version with today's numbers.

    Args:
        name: The page's title.
        result: From `isthmus.measure` with a folder, or from `isthmus.load_run`.
        folder: Where to.
        formats: Of the pictures' files, SVG among them.

    Returns:
        The page.
    """
    shown = with_rises(result)
    if has_members(shown):
        return save_collection_report(name, shown, folder, formats)
    return save_report([(name, shown, classes_of(result))], folder, formats)
