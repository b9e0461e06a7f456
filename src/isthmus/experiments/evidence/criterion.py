"""Stated conditions on measured numbers, and the verdict that follows from them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from isthmus.measures.intervals.simultaneous import simultaneous_ends
from isthmus.report.shown import number_text

EXACT_DIGITS = 4


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

    The true maximum is some one of the true numbers, which its own upper end holds; so it is at most the largest upper
    end, with 97.5 % confidence. That it is at least the largest lower end needs all lower ends to hold at once: of 42
    equal numbers the largest lower end lies above all of them two times in three. Lower ends are therefore
    simultaneous.

    Args:
        estimates: At least one.

    Returns:
        The largest value and where it is, with the interval [largest lower end of a band that holds for all of them
        (`isthmus.measures.intervals.simultaneous.simultaneous_ends`), largest upper end]. NaN where one of them is.

    Example:
        >>> found = largest([Estimate(1, 0, 2, "x"), Estimate(0.5, -3, 4, "y"), Estimate.exact(-5)])
        >>> found.value, round(found.low, 2), found.high, found.where
        (1, -0.14, 4, 'x')
    """
    found = list(estimates)
    undefined = [estimate for estimate in found if math.isnan(estimate.value)]
    if undefined:
        return undefined[0]
    most = max(found, key=lambda estimate: estimate.value)
    count = sum(estimate.low < estimate.high for estimate in found)
    lower = [simultaneous_ends(float(e.value), float(e.low), float(e.high), count)[0] for e in found]
    return Estimate(most.value, max(lower), max(e.high for e in found), most.where)


def smallest(estimates: Iterable[Estimate]) -> Estimate:
    """The minimum of several estimates, as `largest`.

    Args:
        estimates: At least one.

    Returns:
        The smallest value and where it is, with the interval [smallest lower end, smallest upper end of a
        band that holds for all of them].
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


@dataclass(frozen=True)
class Answer:
    """What was seen where a condition is no comparison of numbers.

    Attributes:
        seen: In words.
        met: Whether the condition holds; None if that is open.
    """

    seen: str
    met: bool | None


Found: TypeAlias = Mapping[str, Estimate | Answer]
"""What was seen, by the name of the criterion."""

Prose = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]
"""Text that may stand on several lines."""


class StatedCriterion(BaseModel):
    """A condition as a claim states it, before anything is measured.

    Attributes:
        words: What is compared.
        at_least: The least that it has to be.
        at_most: The most that it may be.
        has_to_be: The condition in words, where it is no comparison with a number.
        unit: Of the number and the threshold.
        essential: Whether the claim falls with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Prose
    at_least: float | None = None
    at_most: float | None = None
    has_to_be: str | None = None
    unit: str = ""
    essential: bool = True

    @model_validator(mode="after")
    def _one_condition(self) -> "StatedCriterion":
        if sum(condition is not None for condition in (self.at_least, self.at_most, self.has_to_be)) != 1:
            raise ValueError("one of at_least, at_most and has_to_be")
        return self

    @property
    def threshold(self) -> float:
        """The number that it compares with."""
        number = self.at_most if self.at_least is None else self.at_least
        assert number is not None, f"no number: {self.words}"
        return number

    def criterion(self, found: Estimate | Answer, of: str = "") -> Criterion:
        """What became of the condition.

        Args:
            found: What was seen.
            of: What was looked at, where the same is stated of several things.

        Returns:
            Of a number: met if the whole interval lies on the right side of the threshold, or at it, not met if it lies
            on the other side, else undecided; not met if the number is NaN.

        Example:
            >>> stated = StatedCriterion(words="x", at_least=1.0)
            >>> [stated.criterion(Estimate(2, low, 3)).outcome for low in (1.5, 0.5)]
            ['met', 'undecided']
        """
        statement = f"{of}: {self.words}" if of else self.words
        if isinstance(found, Answer):
            assert self.has_to_be is not None, f"a number has to be found: {self.words}"
            return Criterion(statement, self.has_to_be, found.seen, found.met, self.essential)
        number, low, high = self.threshold, found.low, found.high
        if self.at_least is not None:
            met = None if low < number <= high else bool(low >= number)
        else:
            met = None if low <= number < high else bool(high <= number)
        words = f"at {'most' if self.at_least is None else 'least'} {number:g} {self.unit}".strip()
        return Criterion(statement, words, found.text(self.unit), met, self.essential)


def criteria_of(stated: Mapping[str, StatedCriterion], found: Mapping[str, Found]) -> tuple[Criterion, ...]:
    """What became of all criteria of a claim.

    Args:
        stated: By name.
        found: What was seen, by what was looked at: empty where that is one thing. Of each every criterion, and
            no other.

    Returns:
        For each thing that was looked at every criterion, as they are stated.
    """
    for seen in found.values():
        assert seen.keys() == stated.keys(), f"stated or found alone: {sorted(seen.keys() ^ stated.keys())}"
    return tuple(
        criterion.criterion(seen[name], of) for of, seen in found.items() for name, criterion in stated.items()
    )


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
