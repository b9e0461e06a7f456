"""Stated conditions on measured numbers, and the verdict that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from isthmus.experiments.evidence.located import Located

NOT_ESSENTIAL = " (not essential)"
"""After the words of a criterion that the claim doesn't fall with."""


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


Found: TypeAlias = Mapping[str, Located | Answer]
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

    def criterion(self, found: Located | Answer, of: str = "") -> Criterion:
        """What became of the condition.

        Args:
            found: What was seen.
            of: What was looked at, where the same is stated of several things.

        Returns:
            Of a number: met if the whole interval lies on the right side of the threshold, or at it, not met if it lies
            on the other side, else undecided; not met if the number is NaN.

        Example:
            >>> from isthmus.measures.estimate import Estimate
            >>> stated = StatedCriterion(words="x", at_least=1.0)
            >>> [stated.criterion(Located(Estimate(2, low, 3))).outcome for low in (1.5, 0.5)]
            ['met', 'undecided']
        """
        statement = f"{of}: {self.words}" if of else self.words
        if isinstance(found, Answer):
            assert self.has_to_be is not None, f"a number has to be found: {self.words}"
            return Criterion(statement, self.has_to_be, found.seen, found.met, self.essential)
        # An interval that holds the threshold confirms nothing: the condition is then undecided.
        number, low, high = self.threshold, found.estimate.low, found.estimate.high
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
