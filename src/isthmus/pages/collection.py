"""The report of a collection: its pictures as files, and one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.pages.tables import attribute_list, settings_rows
from isthmus.report.collections.members import members_table
from isthmus.report.collections.pictures import collection_pictures
from isthmus.report.kept import one_page
from isthmus.report.picture import USUAL, Picture, save_page
from isthmus.report.rendering import render
from isthmus.report.values import RISES, main_values
from isthmus.runs.folder.layout import Layout

if TYPE_CHECKING:
    import xarray as xr

APART = ("members", "kind", "dimensions")


@one_page()
def save_collection_report(name: str, result: "xr.Dataset", folder: Path, formats: Sequence[str] = USUAL) -> Path:
    """Writes `figures/*.svg` and `report.html`; each file appears whole or not at all.

    The members have no pictures of their own unless they are asked for: `isthmus report FOLDER/members/NAME`. Pages
    that are there already are linked.

    Args:
        name: The page's title.
        result: A collection.
        folder: Where to; made if it is not there.
        formats: Of the pictures' files, SVG among them.

    Returns:
        The path of `report.html`.
    """
    pictures, files = list(collection_pictures(result)), Layout(folder)
    return save_page(
        files.page, files.figures, pictures, lambda svgs: _page(name, result, pictures, svgs, files), formats
    )


def _page(
    name: str, result: "xr.Dataset", pictures: Sequence[Picture], svgs: Mapping[str, bytes], files: Layout
) -> str:
    attrs = result.attrs
    # The result is the caller's, and keeps its attributes.
    plain = result.copy()
    plain.attrs = {key: value for key, value in attrs.items() if key not in APART}
    pages = [(member["name"], files.member(member["folder"]).page) for member in attribute_list(attrs, "members")]
    return render(
        "collection.html",
        title=f"Isthmus: {name}",
        attrs=attrs,
        pairs=_pairs(result),
        num_steps=result.sizes.get("step", 0),
        num_pairs=result.sizes.get("pair", 0),
        num_alphas=result.sizes["alpha"],
        rise_alpha=float(result["rise_alpha"]) if main_values(result)[0] in RISES else None,
        pictures=[picture.shown(svgs) for picture in pictures],
        table=members_table(result),
        warnings=attribute_list(attrs, "warnings"),
        checks=attribute_list(attrs, "self_checks"),
        settings=settings_rows(plain),
        pages=[(member, page.relative_to(files.folder).as_posix()) for member, page in pages if page.is_file()],
    )


def _pairs(result: "xr.Dataset") -> list[tuple[str, str, str]]:
    if "pair" not in result.dims:
        return []
    columns = (result[name].values for name in ("pair", "name_a", "name_b"))
    return [(str(pair), str(a), str(b)) for pair, a, b in zip(*columns, strict=True)]
