"""`isthmus reproduce`: tests of the paper's claims."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.cluster import RayOption
from isthmus.cli.output.outcome import WRONG_INPUT
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isthmus.experiments.reproduction.claim import Claim
    from isthmus.experiments.reproduction.record import Reproduction

SCALES = tuple(map(str, Scale))


def reproduce(
    claims: Annotated[list[str] | None, typer.Argument(help="Names of claims, or all; --list shows them.")] = None,
    scale: Annotated[str, typer.Option(help=f"Amount of work: {', '.join(SCALES)}.")] = "small",
    out: Annotated[Path, typer.Option(help="Where to make a folder for each claim.")] = Path("isthmus-reproduce"),
    data_root: Annotated[Path | None, typer.Option(help="Folder of data sets; default: ISTHMUS_DATA.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Copy page and pictures to reproduction/ in this folder.")] = None,
    ray: RayOption = None,
    *,
    show_list: Annotated[bool, typer.Option("--list", help="Show claims, times and verdicts; run nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what is in --out, if anything.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list or the outcome as JSON.")] = False,
) -> None:
    """Test claims of the paper: train, measure, compare with stated criteria, and write a page.

    Scale smoke takes seconds on data that ships along and is not meant to be read; small is honest and takes minutes on
    two cores; evening, which not every claim has, takes hours there on all training data; paper has the paper's own
    settings and wants a GPU. Verdict and criteria go to standard output.
    """
    if show_list:
        _print_list(out, docs, as_json=as_json)
        return
    chosen = _chosen(claims or [], scale)

    from isthmus.experiments.reproduction.reproduce import reproduce as reproduction_of
    from isthmus.work.places import connected

    def reproduced(claim: "Claim") -> "Reproduction":
        found = reproduction_of(
            claim, Scale(scale), out, resume=resume, data_root=data_root, ray=ray, docs=docs, say=_said
        )
        if not as_json:
            _print_outcome(found, out)
        return found

    with connected(ray):
        found = [reproduced(chosen[0])] if len(chosen) == 1 else _those_that_can_be_done(chosen, reproduced)
    if as_json:
        print(json.dumps([one.values() for one in found], indent=1))
    if len(found) < len(chosen):
        sys.exit(WRONG_INPUT)


def _those_that_can_be_done(
    chosen: "Sequence[Claim]", reproduced: "Callable[[Claim], Reproduction]"
) -> "list[Reproduction]":
    """Reproduce every claim in turn; report wrong input of one, and go on with the others."""
    from isthmus.errors import InputError, short_list

    found, refused = [], []
    for claim in chosen:
        try:
            found.append(reproduced(claim))
        except InputError as error:
            _said(f"isthmus: wrong input for {claim.name}\n{error}")
            refused.append(claim.name)
    if refused:
        _said(f"{len(found)} of {len(chosen)} claims are done; not {short_list(refused, len(refused))}")
    return found


def _chosen(claims: list[str], scale: str) -> "list[Claim]":
    """The claims asked for; refuses unknown names and scales."""
    from isthmus.errors import InputError, UnknownNameError, short_list
    from isthmus.experiments.reproduction.registry import EVERY, chosen_claims, known_claims

    if not claims:
        raise InputError("a claim", "none", "isthmus reproduce", "name one, or write --list to see them")
    chosen = chosen_claims(claims)
    if scale not in SCALES:
        raise UnknownNameError("a scale", scale, SCALES, "--scale")
    ready = [claim for claim in chosen if scale in claim.scales]
    if not ready or (len(ready) < len(chosen) and EVERY not in claims):
        unready = next(claim for claim in chosen if scale not in claim.scales)
        have = [claim.name for claim in known_claims().values() if scale in claim.scales]
        raise InputError(
            f"a claim that has scale {scale}: {short_list(have)}", f"{unready.name}, which has "
            f"{short_list(map(str, unready.scales))}", "--scale", "name another scale",
        )  # fmt: skip
    return ready


def _print_outcome(found: "Reproduction", out: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from isthmus.experiments.reproduction.bench import claim_folder
    from isthmus.experiments.reproduction.pages.page import criteria_rows
    from isthmus.experiments.reproduction.times import seconds_text

    titles, *rows = criteria_rows(found.criteria)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    took = seconds_text(sum(found.seconds.values()))
    print(f"{found.claim} at scale {found.scale}, {took}\nverdict: {found.verdict_text}")
    Console(highlight=False, markup=False).print(table)
    print(f"page: {claim_folder(out, found.claim, found.scale) / f'{found.claim}.md'}\n", flush=True)


def _print_list(out: Path, docs: Path | None, *, as_json: bool) -> None:
    from isthmus.experiments.reproduction.listing import claim_list
    from isthmus.experiments.reproduction.pages.documents import PAGES, checkout_pages

    rows = claim_list(out, checkout_pages() if docs is None else docs / PAGES)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    width = max(len(row["name"]) for row in rows) + 2
    for row in rows:
        times = ", ".join(f"{scale} {row[scale]}" for scale in SCALES if scale in row)
        print(f"{row['name']:{width}}{row['title']} ({row['figure']})")
        print(f"{'':{width}}time: {times}\n{'':{width}}status: {row['status']}")


def _said(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
