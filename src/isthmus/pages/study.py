"""The studies that can be reported: one line for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import UnknownNameError
from isthmus.pages.tables import attribute_list, settings_rows
from isthmus.questions.attribution import picture as attribution
from isthmus.questions.curvature import picture as curvature
from isthmus.questions.noise.picture import subspace_panels
from isthmus.questions.noise.reading import NOISE_NOTES, noise_rows, noise_sentence
from isthmus.questions.similarity import picture as similarity
from isthmus.report.cells import Table
from isthmus.report.picture import USUAL, Picture, save_page
from isthmus.report.rendering import render
from isthmus.runs.folder.layout import STUDY_FILE, Layout

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


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

    def picture(self, study: "xr.Dataset") -> Picture:
        """The picture of a study with what it shows.

        Args:
            study: Of this kind.

        Returns:
            The picture, named as the study is.
        """
        return Picture(str(study.attrs["study"]), self.title, partial(self.figure, study), self.sentence(study))


STUDIES: Mapping[str, StudyReport] = {
    "attribution": StudyReport(
        "Alone against together", attribution.figure, attribution.sentence, attribution.rows, attribution.NOTES
    ),
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
        raise UnknownNameError("a study", name, STUDIES, STUDY_FILE, "update isthmus")
    return STUDIES[name]


def save_study_report(study: "xr.Dataset", folder: Path, formats: Sequence[str] = USUAL) -> Path:
    """Write `figures/NAME.svg` and a self-contained `report.html`, each whole or not at all.

    Args:
        study: A study that `STUDIES` knows.
        folder: Where to; made if it is not there.
        formats: Of the pictures' files, SVG among them.

    Returns:
        The path of `report.html`.
    """
    picture, files = study_report(study).picture(study), Layout(folder)
    return save_page(files.page, files.figures, [picture], lambda svgs: _page(study, picture.shown(svgs)), formats)


def _page(study: "xr.Dataset", picture: Mapping[str, str]) -> str:
    shown, attrs = study_report(study), study.attrs
    return render(
        "study.html",
        title=f"Isthmus: {shown.title}",
        attrs=attrs,
        picture=picture,
        notes=shown.notes,
        table=shown.rows(study),
        checks=attribute_list(attrs, "self_checks"),
        warnings=attribute_list(attrs, "warnings"),
        settings=settings_rows(study),
    )
