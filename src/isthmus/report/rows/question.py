"""A question that a result may answer, with its own picture and a sentence from the numbers."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from isthmus.report.picture import Picture
from isthmus.report.values import kind_of, main_values

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from isthmus.report.drawn.canvas import Canvas

Question = Callable[["xr.Dataset", str | None], Iterator[Picture]]
"""(result, split) -> the pictures that answer it, none where the result can't; no split's name is in their stems."""


def loss_and_error(
    stem: str,
    title: str,
    applies: "Callable[[xr.Dataset], bool]",
    figure: "Callable[[xr.Dataset, str, str | None], Figure]",
    sentence: "Callable[[xr.Dataset, str, str | None], str]",
    drawing: "Callable[[xr.Dataset, str, str | None], Canvas] | None" = None,
) -> Question:
    """The same question asked of the loss and, where a result has classes, of the error.

    Args:
        stem: Without the quantity.
        title: Without the quantity.
        applies: Whether a result can answer it, whatever the quantity; cheap, and never raises.
        figure: (result, what `main_values` names of the loss or the error, split) -> picture.
        sentence: The same -> sentence.
        drawing: The same -> picture for the page, where there is one.

    Returns:
        The question.
    """

    def pictures(result: "xr.Dataset", split: str | None) -> Iterator[Picture]:
        for value in main_values(result) if applies(result) else []:
            kind = kind_of(value)
            draw = partial(figure, result, value, split)
            drawn = partial(drawing, result, value, split) if drawing else None
            yield Picture(f"{kind}_{stem}", f"{title}: {kind}", draw, sentence(result, value, split), drawn)

    return pictures


def is_one_pair(result: "xr.Dataset") -> bool:
    """Whether a result is of one pair of networks at one time, so that a barrier has a host, a group, perhaps a split.

    Args:
        result: A measurement.

    Returns:
        False where there are further dimensions.
    """
    return "loss_barrier" in result and set(result["loss_barrier"].dims) <= {"split", "host", "moving"}
