"""The page of `isthmus explain theorem`: explanation, numbers and two pictures in one self-contained file."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.questions.theorem.picture import cuts_picture, diagonal_picture
from isthmus.questions.theorem.reading import EXPLANATION, cuts_reading, diagonal_reading
from isthmus.report.picture import FORMATS, Picture, save_page
from isthmus.report.rendering import render
from isthmus.runs.folder.layout import Layout

if TYPE_CHECKING:
    import xarray as xr


def save_theorem_page(surface: "xr.DataArray", paths: "xr.Dataset", cuts: "xr.Dataset", folder: Path) -> Path:
    """Writes `figures/surface.*`, `figures/cuts.*` (SVG and PNG) and `explain.html`; each appears whole or not at all.

    Args:
        surface: L over (w2, w1).
        paths: The minimal example's paths, over (path, alpha).
        cuts: The random networks' cuts, over (cut, alpha).
        folder: Where to; made if it is not there.

    Returns:
        The path of the page.
    """
    files = Layout(folder)
    pictures = [
        Picture(
            "surface",
            "The loss surface with the paths, and the loss along them",
            partial(diagonal_picture, surface, paths),
            diagonal_reading(paths),
        ),
        Picture(
            "cuts",
            "The excess over the chord along every cut, one layer and all layers",
            partial(cuts_picture, cuts),
            cuts_reading(cuts),
        ),
    ]

    def text(svgs: Mapping[str, bytes]) -> str:
        return render(
            "explain.html",
            title="Isthmus: why one layer can be averaged",
            explanation=EXPLANATION,
            rows=midpoint_rows(paths),
            pictures={picture.stem: picture.shown(svgs) for picture in pictures},
        )

    return save_page(files.explanation, files.figures, pictures, text, FORMATS)


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
