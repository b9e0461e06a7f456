"""Every question that has a picture of its own in a report. A new one is one file, and a line here."""

from typing import TYPE_CHECKING

from isthmus.report import cumulative_curves, interaction_matrix, normalised_rises, robustness_panels, window_bars
from isthmus.report.question import Question

if TYPE_CHECKING:
    import xarray as xr

QUESTIONS: tuple[Question, ...] = (
    *cumulative_curves.QUESTIONS,
    *window_bars.QUESTIONS,
    *interaction_matrix.QUESTIONS,
    *robustness_panels.QUESTIONS,
    *normalised_rises.QUESTIONS,
)


def questions_of(result: "xr.Dataset") -> list[Question]:
    """The questions that a result answers.

    Args:
        result: A measurement.

    Returns:
        Those that apply, in the order of `QUESTIONS`.
    """
    return [question for question in QUESTIONS if question.applies(result)]
