"""Stated conditions on measured numbers, and the verdict that follows from them. Nothing here imports torch."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from isthmus.report.shown_barrier import number_text

EXACT_DIGITS = 4
LARGE, SMALL, SHARE = 0.3, 0.1, 0.2
"""Nats that the full barrier has to reach, nats that no layer may reach (the paper's rows lie within ±0.1), and the
largest share of the full barrier that one layer may make."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        value: The number.
        low: Lower end; the number itself where it is exact.
        high: Upper end.
        where: Which pair, layer or host it belongs to, in words; may be empty.
    """

    value: float
    low: float
    high: float
    where: str = ""

    @classmethod
    def exact(cls, value: float, where: str = "") -> "Estimate":
        """A number without uncertainty, such as a count.

        Args:
            value: The number.
            where: What it belongs to.

        Returns:
            The estimate.
        """
        return cls(value, value, value, where)

    def text(self, unit: str = "") -> str:
        """The number with the decimals that its interval supports, the interval and where it was seen.

        Args:
            unit: Stands after the interval.

        Returns:
            Text.

        Example:
            >>> Estimate(0.871, 0.82, 0.92, "pair a1-b1").text("nats")
            '0.87 (0.82 to 0.92) nats, pair a1-b1'
            >>> Estimate.exact(3).text(), Estimate(0.0, -0.0002, 0.0004).text()
            ('3', '0.0000 (−0.0002 to 0.0004)')
        """
        half = (self.high - self.low) / 2
        if half == 0:
            shown = f"{self.value:.{EXACT_DIGITS}g}".replace("-", "−")
        else:
            decimals = min(6, max(1, -math.floor(math.log10(half)))) if math.isfinite(half) else 2
            low, high = (number_text(end, decimals) for end in (self.low, self.high))
            shown = f"{number_text(self.value, decimals)} ({low} to {high})"
        return shown + (f" {unit}" if unit else "") + (f", {self.where}" if self.where else "")


def largest(estimates: Iterable[Estimate]) -> Estimate:
    """The maximum of several estimates.

    Args:
        estimates: At least one.

    Returns:
        The largest value and where it is, with the interval [largest lower end, largest upper end], which holds where
        each of the intervals does. NaN where one of them is.

    Example:
        >>> largest([Estimate(1, 0, 2, "x"), Estimate(0.5, -3, 4, "y")])
        Estimate(value=1, low=0, high=4, where='x')
    """
    found = list(estimates)
    undefined = [estimate for estimate in found if math.isnan(estimate.value)]
    if undefined:
        return undefined[0]
    most = max(found, key=lambda estimate: estimate.value)
    return Estimate(most.value, max(e.low for e in found), max(e.high for e in found), most.where)


def smallest(estimates: Iterable[Estimate]) -> Estimate:
    """The minimum of several estimates, as `largest`.

    Args:
        estimates: At least one.

    Returns:
        The smallest value and where it is, with the interval [smallest lower end, smallest upper end].
    """
    found = largest(Estimate(-e.value, -e.high, -e.low, e.where) for e in estimates)
    return Estimate(-found.value, -found.high, -found.low, found.where)


@dataclass(frozen=True)
class Criterion:
    """A condition that was stated before the numbers were seen, and what became of it.

    Attributes:
        statement: What is compared, in words.
        threshold: What it has to be, such as "at least 0.1 nats".
        seen: The figure, as text with its interval.
        met: Whether the condition holds; None if the interval leaves it open.
        essential: Whether the claim falls with it.
    """

    statement: str
    threshold: str
    seen: str
    met: bool | None
    essential: bool = True

    @property
    def outcome(self) -> str:
        """Such as "met"."""
        return {True: "met", False: "not met", None: "undecided"}[self.met]


def at_least(
    statement: str, estimate: Estimate, threshold: float, unit: str = "", *, essential: bool = True
) -> Criterion:
    """The condition that a number is at least so large.

    Args:
        statement: What is compared, in words.
        estimate: The number.
        threshold: What it is compared with.
        unit: Of both.
        essential: Whether the claim falls with it.

    Returns:
        Met if the whole interval lies at or above the threshold, not met if it lies below, else undecided; not met if
        the number is NaN.

    Example:
        >>> [at_least("x", Estimate(2, low, 3), 1.0).outcome for low in (1.5, 0.5)]
        ['met', 'undecided']
    """
    met = None if estimate.low < threshold <= estimate.high else bool(estimate.low >= threshold)
    return Criterion(statement, f"at least {_with_unit(threshold, unit)}", estimate.text(unit), met, essential)


def at_most(
    statement: str, estimate: Estimate, threshold: float, unit: str = "", *, essential: bool = True
) -> Criterion:
    """The condition that a number is at most so large: as `at_least`, the other way round.

    Args:
        statement: What is compared, in words.
        estimate: The number.
        threshold: What it is compared with.
        unit: Of both.
        essential: Whether the claim falls with it.

    Returns:
        The criterion.
    """
    met = None if estimate.low <= threshold < estimate.high else bool(estimate.high <= threshold)
    return Criterion(statement, f"at most {_with_unit(threshold, unit)}", estimate.text(unit), met, essential)


def _with_unit(number: float, unit: str) -> str:
    return f"{number:g} {unit}".strip()


class Verdict(StrEnum):
    """What the criteria say of the claim; compared as text."""

    CONFIRMED = "confirmed"
    PARTLY = "partly"
    NOT = "not"


def verdict_of(criteria: Sequence[Criterion]) -> Verdict:
    """The verdict that follows from the criteria.

    Args:
        criteria: At least one.

    Returns:
        Confirmed if every criterion is met; not if an essential one is not met; else partly.

    Example:
        >>> verdict_of([Criterion("x", "", "", True), Criterion("y", "", "", False, essential=False)])
        <Verdict.PARTLY: 'partly'>
    """
    assert criteria, "a claim without a criterion has no verdict"
    if any(criterion.met is False for criterion in criteria if criterion.essential):
        return Verdict.NOT
    return Verdict.CONFIRMED if all(criterion.met for criterion in criteria) else Verdict.PARTLY
