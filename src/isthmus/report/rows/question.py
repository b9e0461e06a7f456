"""A question that a result may answer, with its own picture and a sentence from the numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from isthmus.report.values import VALUES, kind_of, main_values

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Applies = Callable[["xr.Dataset"], bool]
Drawn = Callable[["xr.Dataset", str, str | None], "Figure"]
Said = Callable[["xr.Dataset", str, str | None], str]


@dataclass(frozen=True)
class Question:
    """One picture of one split.

    Attributes:
        stem: Of the picture's file, such as "loss_cumulative"; the name of the split is added to it.
        title: What stands over the picture.
        applies: Whether a result can answer it; cheap, and never raises.
        figure: The picture of a result and a split (None where there is only one).
        sentence: What the picture shows, in one sentence computed from the numbers.
    """

    stem: str
    title: str
    applies: Applies
    figure: "Callable[[xr.Dataset, str | None], Figure]"
    sentence: "Callable[[xr.Dataset, str | None], str]"


def loss_and_error(stem: str, title: str, applies: Applies, figure: Drawn, sentence: Said) -> tuple[Question, ...]:
    """The same question asked of the loss and, where a result has classes, of the error.

    Args:
        stem: Without the quantity.
        title: Without the quantity.
        applies: Whether a result can answer it, whatever the quantity.
        figure: (result, what `main_values` names of the loss or the error, split) -> picture.
        sentence: The same -> sentence.

    Returns:
        Two questions.
    """

    def has(kind: str, result: "xr.Dataset") -> bool:
        return f"{kind}_barrier" in result and applies(result)

    def main(kind: str, result: "xr.Dataset") -> str:
        return next(value for value in main_values(result) if kind_of(value) == kind)

    return tuple(
        Question(
            f"{kind}_{stem}",
            f"{title}: {kind}",
            partial(has, kind),
            lambda result, split, kind=kind: figure(result, main(kind, result), split),  # type: ignore[misc]
            lambda result, split, kind=kind: sentence(result, main(kind, result), split),  # type: ignore[misc]
        )
        for kind in map(kind_of, VALUES)
    )


def is_one_pair(result: "xr.Dataset") -> bool:
    """Whether a result is of one pair of networks at one time, so that a barrier has a host, a group, perhaps a split.

    Args:
        result: A measurement.

    Returns:
        False where there are further dimensions.
    """
    return "loss_barrier" in result and set(result["loss_barrier"].dims) <= {"split", "host", "moving"}
