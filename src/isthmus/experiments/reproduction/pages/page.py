"""The page of a reproduction in Markdown: fixed headings, every figure computed."""

from collections.abc import Sequence

from isthmus.experiments.evidence.criterion import NOT_ESSENTIAL, Criterion
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.pages.lead import lead_text
from isthmus.experiments.reproduction.pages.settings import PAIRS, settings_table
from isthmus.experiments.reproduction.pages.table import table_text
from isthmus.experiments.reproduction.record import Reproduction
from isthmus.experiments.reproduction.scale import Scale
from isthmus.experiments.reproduction.times import seconds_text
from isthmus.report.file_names import claim_stem
from isthmus.report.picture import Picture

BRACKETS = (
    "brackets hold 95 % intervals over the examples; of an extreme, from the most extreme lower to the most extreme "
    "upper end; of a share of cuts, what the intervals of the cuts leave open"
)
ABOVE = "Above."
PUBLISHED = "Published for like networks:"
HEADINGS = (
    "Claim", "Command", "Hardware and time", "Settings", "Expected", "Obtained", "Departures from the paper", "Verdict",
    "Pictures",
)  # fmt: skip


def page_text(
    claim: Claim, evidence: Evidence, found: Reproduction, settings: dict[str, str], borrowed: Sequence[str] = ()
) -> str:
    """The page.

    Args:
        claim: What was put to the test.
        evidence: What was found.
        found: The verdict, and how long it took.
        settings: Ours, by the names of `isthmus.experiments.reproduction.pages.settings`.
        borrowed: The claims whose networks were used.

    Returns:
        Markdown; pictures stand in the folder `pictures` beside the page.
    """
    ours = settings | ({PAIRS: str(evidence.num_pairs)} if evidence.num_pairs else {})
    said = " ".join(evidence.obtained)
    shown = [_picture(claim.name, picture, said=picture.sentence in said) for picture in evidence.pictures]
    published = claim.published.get(found.scale)
    parts = {
        "Claim": f"In the paper: {claim.figure}. {claim.says}",
        "Command": f"```\n{command_text(claim.name, found.scale)}\n```",
        "Hardware and time": _hardware(found, borrowed),
        "Settings": table_text(settings_table(claim.paper_settings, ours)),
        "Expected": claim.expected,
        "Obtained": "\n\n".join([
            *_basis(evidence), *evidence.obtained, *([f"{PUBLISHED} {published}"] if published else []),
            *([table_text(evidence.rows)] if evidence.rows else []),
        ]),
        "Departures from the paper": "\n".join(f"- {text}" for text in claim.departures[found.scale]) or "None.",
        "Verdict": f"{_verdict_words(found)}\n\n{table_text(criteria_rows(found.criteria))}",
        "Pictures": "\n\n".join(shown[1:]) or ABOVE,
    }  # fmt: skip
    assert tuple(parts) == HEADINGS
    sections = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts.items())
    figure = claim.figure[0].upper() + claim.figure[1:]
    head = [
        f"# {figure}: {claim.title}",
        f"**Verdict at scale {found.scale}: {_bare_verdict(found)}**",
        *shown[:1],
        lead_text(claim, found.scale, criteria_rows(found.criteria)[1:]),
    ]
    return "\n\n".join([*head, sections]) + "\n"


def command_text(claim: str, scale: Scale) -> str:
    """What to type for a reproduction.

    Args:
        claim: The claim's name.
        scale: At which scale.

    Returns:
        The command, with words in capitals for folders.
    """
    root = "" if scale == Scale.SMOKE else " --data-root DATA"
    return f"isthmus reproduce {claim} --scale {scale} --out DIR{root}"


def criteria_rows(criteria: Sequence[Criterion]) -> list[list[str]]:
    """The criteria as a table.

    Args:
        criteria: With the figures seen.

    Returns:
        Rows of cells, the titles first.
    """
    titles = ["criterion", "has to be", "seen", "outcome"]
    return [titles] + [
        [c.statement + ("" if c.essential else NOT_ESSENTIAL), c.threshold, c.seen, c.outcome] for c in criteria
    ]


def _picture(claim: str, picture: Picture, *, said: bool) -> str:
    caption = picture.title + ("." if said else f". {picture.sentence}")
    return f"![{picture.title}](pictures/{claim_stem(claim, picture.stem)}.svg)\n\n*{caption}*"


def _bare_verdict(found: Reproduction) -> str:
    return found.verdict_text.removeprefix(f"{found.scale}: ")


def _basis(evidence: Evidence) -> list[str]:
    """How many pairs the figures come from, and what stands in brackets where anything does."""
    if evidence.basis:
        return [evidence.basis]
    seen = [one for of in evidence.found.values() for one in of.values() if isinstance(one, Located)]
    intervals = "" if all(one.estimate.is_exact for one in seen) else f"; {BRACKETS}"
    count = evidence.num_pairs
    return [f"From {count} pair{'s' if count > 1 else ''} of networks{intervals}."] if count else []


def _hardware(found: Reproduction, borrowed: Sequence[str]) -> str:
    works = [f"{work} {seconds_text(seconds)}" for work, seconds in found.seconds.items() if seconds]
    text = f"{found.hardware[:1].upper()}{found.hardware[1:]}: {', '.join(works) or 'no time to speak of'}."
    if borrowed:
        text += f" The networks are those of {' and '.join(f'`{claim}`' for claim in borrowed)}."
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return f"{text} {versions}."


def _verdict_words(found: Reproduction) -> str:
    met = sum(criterion.met is True for criterion in found.criteria)
    verdict = _bare_verdict(found).capitalize()
    return f"{verdict}: {met} of {len(found.criteria)} criteria are met."
