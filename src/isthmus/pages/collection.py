"""The report of a collection: its pictures as files, and one self-contained page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.files import save_bytes
from isthmus.pages.folder import FORMATS
from isthmus.pages.tables import settings_rows
from isthmus.report.collections.members import members_table
from isthmus.report.collections.pictures import collection_pictures
from isthmus.report.rendering import data_address, render
from isthmus.report.values import RISES, main_values

if TYPE_CHECKING:
    import xarray as xr

APART = ("members", "kind", "dimensions")


def save_collection_report(name: str, result: "xr.Dataset", folder: Path) -> Path:
    """Writes `figures/*.svg`, `figures/*.png` and `report.html`; each file appears whole or not at all.

    The members have no pictures of their own unless they are asked for: `isthmus report FOLDER/members/NAME`. Pages
    that are there already are linked.

    Args:
        name: The page's title.
        result: A collection.
        folder: Where to; made if it is not there.

    Returns:
        The path of `report.html`.
    """
    from isthmus.report.style import picture_bytes

    pictures = []
    for picture in collection_pictures(result):
        contents = {file_format: picture_bytes(picture.figure, file_format) for file_format in FORMATS}
        for file_format, content in contents.items():
            save_bytes(folder / "figures" / f"{picture.stem}.{file_format}", content)
        pictures.append({
            "title": picture.title,
            "reading": picture.sentence,
            "svg": data_address(contents["svg"]),
        })
    save_bytes(folder / "report.html", _page(name, result, pictures, folder).encode())
    return folder / "report.html"


def _page(name: str, result: "xr.Dataset", pictures: list[dict[str, str]], folder: Path) -> str:
    attrs = result.attrs
    plain = result.copy()
    plain.attrs = {key: value for key, value in attrs.items() if key not in APART}
    listed = json.loads(str(attrs.get("members") or "[]"))
    pages = [(member["name"], f"members/{member['folder']}/report.html") for member in listed]
    return render(
        "collection.html",
        title=f"Isthmus: {name}",
        attrs=attrs,
        pairs=_pairs(result),
        num_steps=result.sizes.get("step", 0),
        num_pairs=result.sizes.get("pair", 0),
        num_alphas=result.sizes["alpha"],
        rise_alpha=float(result["rise_alpha"]) if main_values(result)[0] in RISES else None,
        pictures=pictures,
        table=members_table(result),
        warnings=_listed(attrs, "warnings"),
        checks=_listed(attrs, "self_checks"),
        settings=settings_rows(plain),
        pages=[(member, page) for member, page in pages if (folder / page).is_file()],
    )


def _pairs(result: "xr.Dataset") -> list[tuple[str, str, str]]:
    if "pair" not in result.dims:
        return []
    columns = (result[name].values for name in ("pair", "name_a", "name_b"))
    return [(str(pair), str(a), str(b)) for pair, a, b in zip(*columns, strict=True)]


def _listed(attrs: "dict[Any, Any]", name: str) -> list[Any]:
    listed = json.loads(str(attrs.get(name) or "[]"))
    return listed if isinstance(listed, list) else [listed]
