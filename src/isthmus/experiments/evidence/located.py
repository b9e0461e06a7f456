"""A number with the place where it was seen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from isthmus.measures import estimate
from isthmus.measures.estimate import Estimate


@dataclass(frozen=True)
class Located:
    """A number and where it was seen.

    Attributes:
        estimate: The number.
        where: Which pair, layer or host it belongs to, in words; may be empty.
    """

    estimate: Estimate
    where: str = ""

    def text(self, unit: str = "") -> str:
        """The number with the decimals that its interval supports, the interval and where it was seen.

        Args:
            unit: Stands after the interval.

        Returns:
            Text.

        Example:
            >>> Located(Estimate(0.871, 0.82, 0.92), "pair a1-b1").text("nats")
            '0.87 (0.82 to 0.92) nats, pair a1-b1'
        """
        return self.estimate.whole_text + (f" {unit}" if unit else "") + (f", {self.where}" if self.where else "")


def largest(found: Iterable[Located]) -> Located:
    """The maximum of several numbers (`isthmus.measures.estimate.largest`).

    Args:
        found: At least one.

    Returns:
        The number, and where it is.

    Example:
        >>> most = largest([Located(Estimate(1, 0, 2), "x"), Located(Estimate(0.5, -3, 4), "y")])
        >>> most.estimate.high, most.where
        (4, 'x')
    """
    return _extreme(list(found), estimate.largest)


def smallest(found: Iterable[Located]) -> Located:
    """The minimum of several numbers (`isthmus.measures.estimate.smallest`).

    Args:
        found: At least one.

    Returns:
        The number, and where it is.
    """
    return _extreme(list(found), estimate.smallest)


def _extreme(found: list[Located], extreme: Callable[[Sequence[Estimate]], Estimate]) -> Located:
    most = extreme([one.estimate for one in found])
    # NaN equals nothing, itself included.
    is_it = [one.estimate.is_nan if most.is_nan else one.estimate.value == most.value for one in found]
    return Located(most, found[is_it.index(True)].where)
