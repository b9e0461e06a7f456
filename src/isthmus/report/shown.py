"""One number as the report shows it: of which layer and host it is, and its marks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from isthmus.measures.estimate import Estimate, percentage_points
from isthmus.report.values import kind_of
from isthmus.results.estimates import estimates_of

if TYPE_CHECKING:
    import xarray as xr

AT_END_MARK = "†"
FEW_EXAMPLES_MARK = "‡"


def trust_mark(estimate: Estimate) -> str:
    """The mark of a number that few examples carry.

    Args:
        estimate: The number.

    Returns:
        `‡`, or nothing.
    """
    return "" if estimate.trusted else FEW_EXAMPLES_MARK


@dataclass(frozen=True)
class CutEstimate:
    """A number of one layer into one host; nats or the loss's own unit, percentage points for errors."""

    layer: str
    host: str
    estimate: Estimate

    @property
    def marks(self) -> str:
        """`‡` for a number that few examples carry."""
        return trust_mark(self.estimate)


@dataclass(frozen=True)
class CutBarrier(CutEstimate):
    """A rise or barrier along one layer's cut.

    Attributes:
        alpha: Where it is; NaN if the number is.
        at_end: Whether that is an end of the cut.
    """

    alpha: float
    at_end: bool

    @property
    def marks(self) -> str:
        """`†` for a maximum at an end of the cut, `‡` for a number that few examples carry."""
        return AT_END_MARK * self.at_end + super().marks


Shown = TypeVar("Shown", bound=CutEstimate)


def shown_estimates(
    part: "xr.Dataset", value: str, unit: str = "", interval: tuple[str, str] | None = None
) -> dict[tuple[str, ...], Estimate]:
    """Every number of a variable as the report shows it: errors in percentage points.

    Args:
        part: Of one split.
        value: Such as `"error_barrier"`.
        unit: Of the loss.
        interval: As `isthmus.results.estimates.estimates_of`.

    Returns:
        By the labels along the variable's dimensions.
    """
    found = estimates_of(part, value, unit, interval)
    return {key: percentage_points(one) for key, one in found.items()} if kind_of(value) == "error" else found


def largest(cells: Iterable[Shown]) -> Shown | None:
    """The largest number that is one, with an interval that holds though it was chosen for its size.

    Args:
        cells: Rises or barriers.

    Returns:
        The cell, as `chosen`; None where all are NaN.
    """
    known = [cell for cell in cells if not cell.estimate.is_nan]
    return chosen(max(known, key=lambda cell: cell.estimate.value), len(known)) if known else None


def chosen(cell: Shown, count: int) -> Shown:
    """A number that was chosen for being large (`isthmus.measures.estimate.Estimate.chosen`).

    Args:
        cell: The number with its own interval.
        count: Among how many it was chosen.

    Returns:
        The same with the lower end of a band that holds for all of them.
    """
    return replace(cell, estimate=cell.estimate.chosen(count))
