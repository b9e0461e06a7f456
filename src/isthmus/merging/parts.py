"""What a merge is of, and the rounds of its search that are finished: killed, the same command goes on with them."""

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import torch

from isthmus.data.examples import Examples
from isthmus.held_folder import held_folder
from isthmus.merging.asked import Asked
from isthmus.merging.blended import Pair
from isthmus.merging.search.found import Found
from isthmus.merging.search.worth import KINDS
from isthmus.runs.folder.damage import remove_damaged
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.manifest import record_of
from isthmus.runs.folder.store import ExampleStore, FolderStore, MemoryStore
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject
from isthmus.weights.state import tied_keys

SELECT, CERTIFY = "select", "certify"
"""The splits that a merge is measured on."""
Rounds = Callable[[], ExampleStore]
"""Where the results of the next round go; those of an interrupted merge are there."""


def merge_facts(subject: Subject, request: Request, certifying: Examples, asked: Asked, found: Found) -> dict[str, Any]:
    """What a merge is of, as its record says it.

    Args:
        subject: What is measured.
        request: What was asked.
        certifying: The examples that certify.
        asked: The tolerance and the rest.
        found: The donors, and how all was computed.

    Returns:
        Names, hashes and settings.
    """
    settings, data = request.settings, {"data": subject.splits[SELECT], "certify_on": certifying}
    data |= {} if subject.recalibration is None else {"recalibrate_on": subject.recalibration}
    named = {name: {"name": d.name, "hash": d.content_hash, "num_examples": len(d)} for name, d in data.items()}
    is_soup = len(found.donors) > 1
    if not is_soup:
        (b,) = found.donors
        networks: dict[str, Any] = {"a": subject.a.name, "b": b.name, "hash_a": subject.a.hash, "hash_b": b.hash}
    else:
        networks = {"a": subject.a.name, "hash_a": subject.a.hash}
        networks |= {"donors": [{"name": donor.name, "hash": donor.hash} for donor in found.donors]}
    return {
        "isthmus_version": version("isthmus"),
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "model": subject.model.name,
        "model_hash": subject.model.hash,
        **networks,
        **named,
        "layers": settings.layers,
        "loss": settings.loss,
        "batch_norm": settings.batch_norm,
        "dtype": settings.dtype,
        "device": str(subject.network.device),
        **({} if is_soup else {"alpha": asked.alpha}),
        **({} if asked.places is None else {"alphas": dict(found.alphas)}),
        "tolerance": asked.tolerance,
        "metric": asked.metric,
        "by": asked.by if isinstance(asked.by, str) and asked.by in KINDS else "given",
        "engine": found.engine,
    }


def pair_of(subject: Subject) -> Pair:
    """The two networks of a merge in the types of their files.

    Args:
        subject: What is measured.

    Returns:
        The pair.
    """
    module, segment = subject.model.module, subject.segment
    return Pair(
        subject.a.weights, subject.b.weights, (subject.a.name, subject.b.name), (subject.a.hash, subject.b.hash),
        segment.layers, segment.kinds, tied_keys(module), module, subject.a.filled,
    )  # fmt: skip


@contextmanager
def kept_rounds(
    out: Path | None, subject: Subject, request: Request, *asked: object
) -> Iterator[Callable[[str], Rounds]]:
    """Keep the rounds of a merge beside the file that it makes, in a folder that goes when the block has ended.

    The search is a function of its results, so it takes the same way again and finds them one after the other. They
    count for the same inputs, settings, versions and number of threads alone.

    Args:
        out: What is to be made; None keeps everything in memory.
        subject: What is measured.
        request: What was asked.
        asked: What else the way depends on.

    Yields:
        From a split to where its rounds go.
    """
    if out is None:
        yield lambda _split: lambda: MemoryStore(None)
        return
    record = record_of(subject, request)
    of = [record.run_id, record.versions, record.batch_size, torch.get_num_threads(), list(map(repr, asked))]
    identity = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]
    folder = out.parent / f".{out.name}.parts"
    with held_folder(folder) as hold:
        home = folder / identity
        for other in folder.iterdir():
            if other.is_dir() and other != home:
                shutil.rmtree(other)
        remove_damaged(home)

        def rounds(split: str) -> Rounds:
            numbers = count(1)

            def store() -> ExampleStore:
                hold.confirm()
                name = f"{split}_{next(numbers):04}"
                return FolderStore(Layout(home).splits([name])[name], None)

            return store

        yield rounds
        shutil.rmtree(home, ignore_errors=True)
    with suppress(OSError):  # where it was there before
        folder.rmdir()
