"""The studies that can be reported: one line for each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import UnknownNameError
from isthmus.files import save_bytes
from isthmus.pages.tables import settings_rows
from isthmus.questions.curvature import picture as curvature
from isthmus.questions.noise.picture import subspace_panels
from isthmus.questions.noise.reading import NOISE_NOTES, noise_rows, noise_sentence
from isthmus.questions.similarity import picture as similarity
from isthmus.report.cells import Table
from isthmus.report.rendering import data_address, render

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")


@dataclass(frozen=True)
class StudyReport:
    """How one kind of study is shown.

    Attributes:
        title: What its page is called.
        figure: Its picture.
        sentence: What the picture shows, computed from the numbers.
        rows: Its numbers as a table.
        notes: What the numbers mean, for every study of this kind.
    """

    title: str
    figure: "Callable[[xr.Dataset], Figure]"
    sentence: "Callable[[xr.Dataset], str]"
    rows: "Callable[[xr.Dataset], Table]"
    notes: tuple[str, ...] = ()


STUDIES: Mapping[str, StudyReport] = {
    "curvature": StudyReport("Curvature", curvature.figure, curvature.sentence, curvature.rows, curvature.NOTES),
    "similarity": StudyReport("Similarity", similarity.figure, similarity.sentence, similarity.rows, similarity.NOTES),
    "subspace": StudyReport(
        "Noise in the training subspace", subspace_panels, noise_sentence, noise_rows, notes=NOISE_NOTES
    ),
}


def study_report(study: "xr.Dataset") -> StudyReport:
    """How a study is shown.

    Args:
        study: With the attribute `study`.

    Returns:
        The entry of `STUDIES`.

    Raises:
        UnknownNameError: There is no such entry.
    """
    name = str(study.attrs.get("study"))
    if name not in STUDIES:
        raise UnknownNameError("a study", name, STUDIES, "study.json", "update isthmus")
    return STUDIES[name]


def save_study_report(study: "xr.Dataset", folder: Path) -> Path:
    """Write `figures/NAME.svg`, `figures/NAME.png` and a self-contained `report.html`, each whole or not at all.

    Args:
        study: A study that `STUDIES` knows.
        folder: Where to; made if it is not there.

    Returns:
        The path of `report.html`.
    """
    from isthmus.report.style import picture_bytes

    figure = study_report(study).figure(study)
    pictures = {file_format: picture_bytes(figure, file_format) for file_format in FORMATS}
    for file_format, content in pictures.items():
        file = folder / "figures" / f"{study.attrs['study']}.{file_format}"
        save_bytes(file, content)
    save_bytes(folder / "report.html", study_page(study, pictures["svg"]).encode())
    return folder / "report.html"


def study_page(study: "xr.Dataset", svg: bytes) -> str:
    """The page's text; it loads nothing from anywhere.

    Args:
        study: A study that `STUDIES` knows.
        svg: Its picture.

    Returns:
        HTML.
    """
    shown, attrs = study_report(study), study.attrs
    return render(
        "study.html",
        title=f"Isthmus: {shown.title}",
        attrs=attrs,
        sentence=shown.sentence(study),
        notes=shown.notes,
        table=shown.rows(study),
        picture=data_address(svg),
        checks=json.loads(str(attrs.get("self_checks", "[]"))),
        warnings=json.loads(str(attrs.get("warnings", "[]"))),
        settings=settings_rows(study),
    )
