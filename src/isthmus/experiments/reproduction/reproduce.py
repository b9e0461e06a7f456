"""From a claim to its verdict, its page and its pictures."""

import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import hardware_kind
from isthmus.experiments.evidence.criterion import criteria_of, verdict_of
from isthmus.experiments.reproduction.bench import NETWORKS, RUNS, Bench
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.pages.documents import refuse_unfit_documents, save_document
from isthmus.experiments.reproduction.pages.page import page_text
from isthmus.experiments.reproduction.record import Reproduction, load_reproduction
from isthmus.experiments.reproduction.scale import Scale
from isthmus.held_folder import held_folder, refuse_held
from isthmus.report.file_names import claim_stem
from isthmus.report.picture import FORMATS, save_page

PICTURES = "pictures"


def reproduce(
    claim: Claim,
    scale: Scale,
    out: Path,
    *,
    resume: bool = False,
    data_root: Path | None = None,
    ray: str | None = None,
    docs: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Reproduction:
    """Put a claim to the test.

    Into `out/CLAIM-SCALE/` go `networks/` (trajectories), `runs/` (measurements), `pictures/` (SVG and PNG),
    `reproduction.json` and the page `CLAIM.md`. Interrupted at any moment it goes on with `resume`.

    Args:
        claim: Which.
        scale: How much work to put into it.
        out: Holds a folder for each claim at each scale; a claim may use the networks of another one there.
        resume: Go on with what is there.
        data_root: Where known data sets lie.
        ray: The address of a Ray cluster whose workers train and measure; None for this machine.
        docs: A folder of documents; page and pictures are copied to `reproduction/` in it.
        say: Told how far it is.

    Returns:
        Verdict and criteria.

    Raises:
        InputError: It was begun already and `resume` is not asked for, the documents' folder is not there, scale
            smoke is to be documented, or a data set is missing.
    """
    bench = Bench(claim.name, scale, out, data_root, say, ray)
    refuse_unfit_documents(docs, scale)
    refuse_held(bench.folder)
    _refuse_unfit_folder(bench.folder, resume=resume)
    with held_folder(bench.folder):
        # Again, since another process may have written here before the hold.
        _refuse_unfit_folder(bench.folder, resume=resume)
        found = _reproduced(claim, scale, bench)
    if docs is not None:
        save_document(page_file(bench.folder, claim.name), bench.folder / PICTURES, scale, docs)
    return found


def _reproduced(claim: Claim, scale: Scale, bench: Bench) -> Reproduction:
    Reproduction(claim.name, scale).save(bench.folder)
    try:
        evidence = claim.run(bench)
    except InputError:
        if not any((bench.folder / part).exists() for part in (NETWORKS, RUNS)):
            # Refused before any work it has not begun, and --resume is not to be asked for.
            shutil.rmtree(bench.folder)
        raise
    criteria = criteria_of(claim.criteria, evidence.found)
    versions = {"isthmus": version("isthmus"), "torch": torch.__version__, "Python": platform.python_version()}
    found = Reproduction(
        claim.name,
        scale,
        verdict_of(criteria),
        criteria,
        evidence.num_pairs,
        bench.seconds,
        hardware_kind(),
        versions,
    )
    pictures = [replace(picture, stem=claim_stem(claim.name, picture.stem)) for picture in evidence.pictures]
    text = page_text(claim, evidence, found, bench.settings, bench.borrowed)
    save_page(page_file(bench.folder, claim.name), bench.folder / PICTURES, pictures, lambda _: text, FORMATS)
    # Last, since a record with a verdict says that the page is there.
    found.save(bench.folder)
    return found


def page_file(folder: Path, claim: str) -> Path:
    """Where the page of a claim at a scale is.

    Args:
        folder: Of the claim at a scale.
        claim: Its name.

    Returns:
        The file.
    """
    return folder / f"{claim}.md"


def _refuse_unfit_folder(folder: Path, *, resume: bool) -> None:
    for path in (folder.parent, folder):
        if path.exists() and not path.is_dir():
            raise InputError("a folder", "a file", str(path), "name another --out")
    if not resume and load_reproduction(folder) is not None:
        raise InputError(
            "a claim that has not begun yet",
            "one that is there already",
            str(folder),
            "add --resume, or name another --out",
        )
