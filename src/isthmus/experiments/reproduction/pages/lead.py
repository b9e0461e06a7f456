"""The head of a page: what is claimed, what was seen, what that means; it follows from the claim and its criteria."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.experiments.evidence.criterion import NOT_ESSENTIAL, Verdict
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.scale import Scale

MEANINGS = {
    Verdict.CONFIRMED: "every condition that was stated beforehand holds",
    Verdict.PARTLY: "no essential condition fails, but not all hold",
    Verdict.NOT: "an essential condition fails",
}
"""What the words of a verdict mean."""


def lead_text(claim: Claim, scale: Scale, rows: Sequence[Sequence[str]]) -> str:
    """Three sentences.

    Args:
        claim: What was put to the test.
        scale: At which scale.
        rows: The criteria as cells: statement, threshold, what was seen, outcome.

    Returns:
        A line each, as Markdown shows them.
    """
    claimed = f"**The claim:** {claim.title}."
    if scale == Scale.SMOKE:
        return claimed
    seen = "; ".join(f"{one.statement}: {one.seen}" for one in headline_figures(claim, rows))
    given = f" The paper: {claim.paper_value}." if claim.paper_value else ""
    return "\n\n".join([claimed, f"**Seen at scale {scale}:** {seen}.{given}", f"**That means:** {_meaning(rows)}"])


@dataclass(frozen=True)
class Figure:
    """A figure that speaks for a claim.

    Attributes:
        statement: What is compared, in whole.
        label: The same in a few words.
        seen: The figure, with its interval and where it was seen.
    """

    statement: str
    label: str
    seen: str


def headline_figures(claim: Claim, rows: Sequence[Sequence[str]]) -> list[Figure]:
    """The figures that speak for a claim.

    Args:
        claim: What was put to the test.
        rows: The criteria as cells.

    Returns:
        One for each criterion of the headline and each thing that was looked at.
    """
    labels = {claim.criteria[name].words: label for name, label in claim.headline.items()}
    found = []
    for row in rows:
        statement = row[0].removesuffix(NOT_ESSENTIAL)
        of, _, words = ("", "", statement) if statement in labels else statement.partition(": ")
        if words in labels:
            found.append(Figure(statement, f"{of}: {labels[words]}" if of else labels[words], row[2]))
    return found


def _meaning(rows: Sequence[Sequence[str]]) -> str:
    essential = [row for row in rows if not row[0].endswith(NOT_ESSENTIAL)]
    failed = [row for row in essential if row[3] == "not met"]
    open_ones = [row for row in essential if row[3] == "undecided"]
    if failed:
        first = f"“{failed[0][0]}” is not {failed[0][1]}"
        return f"{len(failed)} of {len(essential)} essential conditions fail at this scale: {first}, for one."
    if open_ones:
        return f"no essential condition fails at this scale, and {len(open_ones)} of {len(essential)} stay open."
    return f"all {len(essential)} essential conditions hold at this scale."
