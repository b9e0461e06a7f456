"""A result at the end of a notebook's cell: its headline, its first picture, its table."""

from typing import TYPE_CHECKING

from isthmus.pages.pictures import run_pictures
from isthmus.report.barriers.reading import headline
from isthmus.report.collections.members import has_members
from isthmus.report.collections.pictures import collection_pictures, collection_readings
from isthmus.report.kept import one_page
from isthmus.report.picture import USUAL
from isthmus.report.rendering import data_address, render_part
from isthmus.results.rows import split_names

if TYPE_CHECKING:
    import xarray as xr


@one_page()
def notebook_html(result: "xr.Dataset", text: str) -> str:
    """A result as HTML that loads nothing.

    Args:
        result: A measurement, also of several pairs or steps.
        text: What the terminal shows of it.

    Returns:
        Part of a page.
    """
    if has_members(result):
        pictures, said = collection_pictures(result), collection_readings(result)[:1]
    else:
        splits = split_names(result)
        pictures = iter(run_pictures(result))
        said = [f"{split}: " * (split is not None) + headline(result, split) for split in splits]
    first = next(picture for picture in pictures if picture.stem)
    shown = {"title": first.title, "svg": data_address(first.contents(USUAL)["svg"])}
    return render_part("notebook.html", headline=" ".join(said), pictures=[shown], text=text)
