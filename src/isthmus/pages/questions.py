"""Every question that has a picture of its own in a report. A new one is one file, and a line here."""

from typing import TYPE_CHECKING

from isthmus.questions.interactions.picture import interaction_pictures
from isthmus.report.picture import Picture
from isthmus.report.rows.cumulative import cumulative_pictures
from isthmus.report.rows.normalised import normalised_pictures
from isthmus.report.rows.question import Question
from isthmus.report.rows.robustness import robustness_pictures
from isthmus.report.rows.windows import window_pictures

if TYPE_CHECKING:
    import xarray as xr

QUESTIONS: tuple[Question, ...] = (
    cumulative_pictures,
    window_pictures,
    interaction_pictures,
    robustness_pictures,
    normalised_pictures,
)


def question_pictures(result: "xr.Dataset", split: str | None = None) -> list[Picture]:
    """The pictures of the questions that a result answers.

    Args:
        result: A measurement.
        split: Which split; may be left out where there is only one.

    Returns:
        Those that apply, in the order of `QUESTIONS`.
    """
    return [picture for question in QUESTIONS for picture in question(result, split)]
