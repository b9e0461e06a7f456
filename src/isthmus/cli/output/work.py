"""How far the work in a folder is, from what stands there: manifests, locks and `progress.jsonl`. Nothing is loaded."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.files import instead_of_folder
from isthmus.gate.texts import read_json
from isthmus.held_folder import living_holder
from isthmus.progress_file import PROGRESS_FILE, load_progress
from isthmus.runs.folder.layout import RUN_FILE, STUDY_FILE, Layout

COMPLETE, RUNNING, STOPPED = "complete", "running", "stopped"
KINDS: dict[str, Callable[[dict[str, Any], Path], tuple[str, bool]]] = {
    RUN_FILE: lambda said, _: (str(said.get("kind", "measure")), bool(said["complete"])),
    STUDY_FILE: lambda said, _: (str(said["name"]), "begun" not in said),
    "federated.json": lambda said, _: ("federate", bool(said["complete"])),
    "reproduction.json": lambda said, _: ("reproduce", bool(said["verdict"])),
    "recipe.json": lambda said, folder: ("train", (folder / f"{said['length']}.safetensors").is_file()),
}
"""Manifest -> which kind of work it is of, and whether that is whole."""
NOT_WORK = {"examples", "figures", "parts", "resume", "work", "pictures"}  # folders that hold parts of one


@dataclass(frozen=True)
class Work:
    """How far one piece of work is.

    Attributes:
        folder: Where.
        kind: "measure", "collection", "train", "federate", "reproduce", or the name of a study.
        state: One of `COMPLETE`, `RUNNING` (a process holds the folder) and `STOPPED` (`--resume` goes on).
        holder: Who holds it.
        unit: What is counted.
        done: How many units are there; None where nothing says so.
        of: How many there will be.
        rate: Units a second, in the last session.
        seconds_left: At this rate.
        seconds_silent: Since the last sign of progress, by this machine's clock.
        said: What the work said last of itself, such as a loss.
    """

    folder: str
    kind: str
    state: str
    holder: str | None = None
    unit: str = ""
    done: int | None = None
    of: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    seconds_silent: float | None = None
    said: dict[str, Any] | None = None

    def __str__(self) -> str:
        parts = [f"{self.kind:<12} {self.state:<9} {self.folder}"]
        if self.done is not None:
            parts.append(f"{self.done:,} of {self.of:,} {self.unit}" if self.of else f"{self.done:,} {self.unit}")
        if self.rate:
            parts.append(f"{self.rate:,.3g} a second")
        if self.seconds_left is not None and self.state == RUNNING:
            parts.append(f"{self.seconds_left:,.0f} s left")
        if self.said:
            parts.append(", ".join(f"{name} {value}" for name, value in self.said.items() if value is not None))
        return "; ".join([*parts, *([self.holder] if self.holder else [])])


def work_in(folder: Path) -> list[Work]:
    """The work in a folder and in the folders below it.

    Args:
        folder: Of a run, a collection, a study, trainings, a federated training or reproductions.

    Returns:
        One entry a manifest, the outermost first.

    Raises:
        InputError: There is nothing that isthmus made.
    """
    found = list(_found(folder))
    if not found:
        got = instead_of_folder(folder, "nothing that isthmus made")
        raise InputError("a folder that was given to --out", got, str(folder), "check the path")
    return found


def _found(folder: Path) -> Iterator[Work]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NOT_WORK and not name.startswith("."))
        for manifest, kind_of in KINDS.items():
            if manifest in files:
                yield _work(Path(place), manifest, kind_of)


def _work(folder: Path, manifest: str, kind_of: Callable[[dict[str, Any], Path], tuple[str, bool]]) -> Work:
    try:
        kind, is_whole = kind_of(read_json(folder / manifest), folder)
    except (InputError, OSError, ValueError, KeyError, TypeError, AttributeError):
        kind, is_whole = f"{manifest}, unreadable", False
    if is_whole:
        return Work(str(folder), kind, COMPLETE)
    holder = _holder(folder)
    state = STOPPED if holder is None else RUNNING
    return Work(str(folder), kind, state, holder, **_progress(folder))


def _holder(folder: Path) -> str | None:
    """Who works in a folder: its holder, or a worker elsewhere for the holder of the collection."""
    own, collection = living_holder(folder), folder.parent.parent
    if own is not None or folder.parent != Layout(collection).members:
        return None if own is None else str(own)
    whole, begins = living_holder(collection), [_last_begin(place) for place in (collection, folder)]
    # One that an earlier session has left waits for its turn.
    if whole is None or not all(begins) or begins[1]["time"] < begins[0]["time"]:
        return None
    return f"process {begins[1]['pid']} on host {begins[1]['host']}, for {whole}"


def _last_begin(folder: Path) -> dict[str, Any]:
    return next((line for line in reversed(load_progress(folder)) if line["event"] == "begin"), {})


def _progress(folder: Path) -> dict[str, Any]:
    lines = load_progress(folder)
    begins = [number for number, line in enumerate(lines) if line["event"] == "begin"]
    if not begins:
        return {}
    begin, news = lines[begins[-1]], [line for line in lines[begins[-1] :] if line["event"] == "progress"]
    last = news[-1] if news else begin
    done, of, seconds = last["done"], begin.get("of"), last.get("seconds")
    rate = (done - begin["done"]) / seconds if seconds else None
    return {
        "unit": begin["unit"],
        "done": done,
        "of": of,
        "rate": rate,
        "seconds_left": (of - done) / rate if rate and of else None,
        "seconds_silent": max(0.0, time.time() - (folder / PROGRESS_FILE).stat().st_mtime),
        "said": {name: last[name] for name in last if name not in {"event", "done", "seconds", *begin}},
    }
