"""Every question that has a picture of its own in a report. A new one is one file, and a line here."""

from typing import TYPE_CHECKING

from isthmus.questions.interactions import picture as interaction_matrix
from isthmus.report.rows import cumulative as cumulative_curves
from isthmus.report.rows import normalised as normalised_rises
from isthmus.report.rows import robustness as robustness_panels
from isthmus.report.rows import windows as window_bars
from isthmus.report.rows.question import Question

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
