"""Which claims can be reproduced, how long they take, and their verdicts."""

from pathlib import Path

from isthmus.experiments.reproduction.bench import claim_folder
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.pages.documents import NOT_RUN, documented
from isthmus.experiments.reproduction.record import load_reproduction
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale


def claim_status(claim: Claim, out: Path, pages: Path | None) -> dict[Scale, str]:
    """What became of a claim.

    Args:
        claim: Which.
        out: Holds a folder for each claim at each scale; need not be there.
        pages: The pages among the documents; None if there are none.

    Returns:
        By scale: the verdict recorded in `out`, else the one that the documents state; a scale without either is
        left out.
    """
    stated = {} if pages is None else documented(pages, claim.name)
    found = {scale: one.verdict for scale, one in stated.items()}
    for scale in Scale:
        record = load_reproduction(claim_folder(out, claim.name, scale))
        if record is not None:
            found[scale] = record.verdict_text
    return found


def claim_list(out: Path, pages: Path | None) -> list[dict[str, str]]:
    """Every claim with what a list shows of it.

    Args:
        out: Holds a folder for each claim at each scale.
        pages: The pages among the documents.

    Returns:
        A record a claim: name, title, place in the paper, time at each scale, status.
    """
    rows = []
    for claim in known_claims().values():
        status = claim_status(claim, out, pages)
        words = [text if text.startswith(f"{scale}:") else f"{scale}: {text}" for scale, text in status.items()]
        rows.append({
            "name": claim.name,
            "title": claim.title,
            "figure": claim.figure,
            **{str(scale): claim.times[scale] for scale in claim.scales},
            "status": "; ".join(words) or NOT_RUN,
        })
    return rows
