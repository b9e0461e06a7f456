"""The manifest of a measurement that is about to begin, and whether an existing run is the same."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.batches import default_batch_size
from isthmus.evaluation.losses.loss import is_convex
from isthmus.evaluation.normalization import normalization_modules
from isthmus.runs.folder.grid_record import GridRecord
from isthmus.runs.folder.record import LayerRecord, ReadoutRecord, Record, SplitRecord, WeightsRecord
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject, examples_at_once

COMPARED = {"model_hash": "the model", "loss_hash": "the loss"} | {
    name: name for name in ("settings", "a", "b", "splits", "recalibration", "layers")
}
"""What a message calls the parts of a record."""


def record_of(subject: Subject, request: Request) -> Record:
    """The manifest.

    Args:
        subject: What is measured.
        request: What was asked.

    Returns:
        A record that is not complete. If something of the inputs can't be identified, its `run_id` is drawn, so that no
        other run is taken for it.
    """
    settings = request.settings
    a, b, partition = subject.a, subject.b, subject.segment.layers
    splits = {name: _split_record(name, examples) for name, examples in subject.splits.items()}
    data = subject.recalibration
    recalibration = None if data is None else _split_record("recalibration", data)
    layers = tuple(LayerRecord(label=label, keys=keys) for label, keys in partition.layers.items())
    unidentified = (*subject.loss.unknown, *(subject.error.unknown if subject.error else ()), *subject.model.unknown)
    codes = [subject.loss.code, *([subject.error.code] if subject.error else [])]
    contents = [subject.model.hash, *codes, a.hash, b.hash]
    contents += [split.hash for split in splits.values()] + [recalibration.hash if recalibration else ""]
    contents += [layer.model_dump_json() for layer in layers] + own_groups(subject, request)
    # What can't be identified must never count as the same run.
    contents += [uuid4().hex] if unidentified else []
    return Record(
        run_id=run_identity(effective_settings(subject, request), contents),
        versions={"isthmus": version("isthmus"), "torch": torch.__version__, "python": platform.python_version()},
        settings=settings,
        model=subject.model.name,
        model_hash=subject.model.hash,
        a=WeightsRecord(name=a.name, hash=a.hash, notes=a.notes),
        b=WeightsRecord(name=b.name, hash=b.hash, notes=b.notes),
        splits=tuple(splits.values()),
        recalibration=recalibration,
        layers=layers,
        loss_hash=hashlib.sha256("\0".join(codes).encode()).hexdigest()[:16],
        unidentified=unidentified,
        grid=GridRecord.of(subject.grid),
        readout=ReadoutRecord(**asdict(subject.readout), convex_loss=is_convex(subject.loss.code)),
        num_normalizations=len(normalization_modules(subject.network.module)),
        device=str(subject.network.device),
        batch_size=examples_at_once(subject, settings),
        num_threads=torch.get_num_threads(),
        interval_target="distribution" if settings.precision is None else "dataset",
        self_checks=tuple(asdict(check) for check in subject.checks),
        warnings=tuple(subject.warnings),
    )


def _split_record(name: str, examples: Examples) -> SplitRecord:
    return SplitRecord(
        name=name,
        data=examples.name,
        hash=examples.content_hash,
        num_examples=len(examples),
        num_tokens=examples.num_tokens,
        normalization=examples.normalization.shown if examples.normalization else None,
        class_names=examples.class_names,
    )


def effective_settings(subject: Subject, request: Request) -> dict[str, Any]:
    """The settings that tell a measurement from others: as they take effect, not as they were written.

    Args:
        subject: What is measured.
        request: What was asked.

    Returns:
        Those that differ from their defaults. The batch size counts where it is not the rule's, the engine where both
        could run, the seed where anything is drawn, and the device not at all: `resumed_record` compares it.
    """
    settings, first = request.settings, next(iter(subject.splits.values()))
    # Settings count by their effect, so that one measurement in other words is one run.
    found = settings.non_default()
    found.pop("device", None)
    if settings.batch_size == default_batch_size(subject.network.device, first.longest):
        found.pop("batch_size", None)
    if settings.batch_norm == "recalibrate":
        found.pop("engine", None)
    if settings.precision is None and not settings.directions:
        found.pop("seed", None)
    return found


def own_groups(subject: Subject, request: Request) -> list[str]:
    """What identifies sweeps of the user's own, whose names may say anything: the groups that they gave.

    Args:
        subject: Its grid.
        request: Its sweeps.

    Returns:
        JSON of all groups; nothing where every sweep is isthmus' own and so told by its name.
    """
    if all(type(sweep).__module__.startswith("isthmus.sweeps.") for sweep in request.sweeps):
        return []
    return [json.dumps([[group.sweep, group.label, group.layers] for group in subject.grid.groups])]


def run_identity(settings: dict[str, Any], contents: Sequence[str]) -> str:
    """The hash of the non-default settings and of the contents of all inputs.

    Args:
        settings: From `effective_settings`.
        contents: Hashes of model, weights and data, in a fixed order.

    Returns:
        16 hexadecimal digits; where the files lay and what they were called does not matter.
    """
    text = json.dumps([settings, list(contents)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resumed_record(fresh: Record, earlier: Record, folder: Path) -> Record:
    """The record to go on with: the choices that can change bits are the earlier ones.

    Args:
        fresh: Of what is asked now.
        earlier: Of the run that is there.
        folder: Where it is.

    Returns:
        The earlier one.

    Raises:
        InputError: What is asked now is another measurement, or can't be told from others.
    """
    unidentified = fresh.unidentified or earlier.unidentified
    if unidentified:
        raise InputError(
            "inputs that can be compared with those of the existing run",
            f"some that can't be identified: {', '.join(unidentified)}",
            str(folder),
            "measure anew with another --out; read a finished run with isthmus.load_run(FOLDER)",
        )
    if fresh.run_id != earlier.run_id:
        theirs, ours = earlier.model_dump(mode="json"), fresh.model_dump(mode="json")
        # Runs of earlier versions have no hash of the loss to compare.
        names = [words for name, words in COMPARED.items() if theirs[name] != ours[name] and theirs[name] != ""]
        if theirs["grid"]["groups"] != ours["grid"]["groups"]:
            names.append("groups of layers")
        raise InputError(
            "the inputs and settings of the existing run",
            f"others: {', '.join(names) or 'the loss, or what this version tells apart,'} differ",
            str(folder),
            "give the same inputs and settings, or another --out",
        )
    # Of one kind of device any may go on with a run.
    here, there = (record.device.partition(":")[0] for record in (fresh, earlier))
    if here != there:
        raise InputError(
            f"the device that the run began on, {earlier.device}",
            fresh.device,
            str(folder),
            f"add --device {earlier.device}, or name another --out",
        )
    return earlier
