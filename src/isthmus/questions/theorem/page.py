"""The page of `isthmus explain theorem`: explanation, numbers and two pictures in one self-contained file."""

from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import InputError
from isthmus.files import save_bytes
from isthmus.questions.theorem.picture import cuts_picture, diagonal_picture
from isthmus.questions.theorem.reading import EXPLANATION, cuts_reading, diagonal_reading
from isthmus.report.rendering import data_address, render

if TYPE_CHECKING:
    import xarray as xr

FORMATS = ("svg", "png")
PAGE_FILE = "explain.html"


def save_theorem_page(surface: "xr.DataArray", paths: "xr.Dataset", cuts: "xr.Dataset", folder: Path) -> Path:
    """Writes `figures/surface.*`, `figures/cuts.*` (SVG and PNG) and `explain.html`; each appears whole or not at all.

    Args:
        surface: L over (w2, w1).
        paths: The minimal example's paths, over (path, alpha).
        cuts: The random networks' cuts, over (cut, alpha).
        folder: Where to; made if it is not there.

    Returns:
        The path of the page.

    Raises:
        InputError: The folder cannot be written to.
    """
    from isthmus.report.style import picture_bytes

    drawn = {"surface": diagonal_picture(surface, paths), "cuts": cuts_picture(cuts)}
    files = {f"{name}.{ext}": picture_bytes(figure, ext) for name, figure in drawn.items() for ext in FORMATS}
    text = theorem_page(paths, cuts, {name: files[f"{name}.svg"] for name in drawn})
    try:
        for name, content in files.items():
            save_bytes(folder / "figures" / name, content)
        save_bytes(folder / PAGE_FILE, text.encode())
    except OSError as error:
        raise InputError("a folder that can be written to", str(error), str(folder), "name another --out") from error
    return folder / PAGE_FILE


def theorem_page(paths: "xr.Dataset", cuts: "xr.Dataset", pictures: dict[str, bytes]) -> str:
    """The page's text.

    Args:
        paths: The minimal example's paths.
        cuts: The random networks' cuts.
        pictures: "surface" and "cuts" as SVG.

    Returns:
        HTML.
    """
    encoded = {name: data_address(svg) for name, svg in pictures.items()}
    return render(
        "explain.html",
        title="Isthmus: why one layer can be averaged",
        explanation=EXPLANATION,
        rows=midpoint_rows(paths),
        pictures=encoded,
        readings={"surface": diagonal_reading(paths), "cuts": cuts_reading(cuts)},
    )


def midpoint_rows(paths: "xr.Dataset") -> list[dict[str, str]]:
    """The losses half-way along every path, closed form beside measured.

    Args:
        paths: Over (path, alpha): `loss` and `closed_form`; over path: `convexity`.

    Returns:
        One record a path: its name, both numbers, their difference and the verdict, as text.
    """
    rows = []
    for path in paths["path"].values:
        row = paths.sel(path=path, alpha=0.5)
        known, measured = float(row.closed_form), float(row.loss)
        rows.append({
            "path": str(path),
            "closed form": f"{known:.10g}",
            "measured": f"{measured:.10g}",
            "difference": f"{measured - known:.1e}".replace("-", "−"),
            "verdict": str(row.convexity.values),
        })
    return rows
