"""Measuring several networks, or networks at several times, member by member. Each member is a whole run."""

import sys
from pathlib import Path
from typing import Any

import torch
import xarray as xr

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.progress_file import ProgressFile, end_progress
from isthmus.runs.carried import InHand, with_in_hand
from isthmus.runs.folder.beginning import has_run
from isthmus.runs.folder.collection_record import CollectionRecord, load_collection_record
from isthmus.runs.folder.joined import joined_result
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.table import rows_alone, save_results
from isthmus.runs.jobs.in_memory import with_data_in_memory
from isthmus.runs.jobs.members import Begun, MeasureMembers, MemberJobs
from isthmus.runs.request.inputs import fitted_weights, named_model
from isthmus.runs.request.members import Collection, Member, collection_of
from isthmus.runs.request.networks import HeldCheckpoints, is_one_network
from isthmus.runs.request.request import Request
from isthmus.weights.checkpoint import Checkpoint
from isthmus.work.places import workers_at
from isthmus.work.task import nothing


def collection_result(request: Request) -> xr.Dataset:
    """Measure every member and join the results.

    Data is read and decoded once, each checkpoint is read once while it fits into memory, and the model is exported
    once. Every network is read and compared with the model before the first member begins (of a trajectory its first
    step).

    Args:
        request: What is asked, of several networks or of trajectories.

    Returns:
        A result with leading dimensions `pair` and `step`.

    Raises:
        InputError: Something is wrong with the input; nothing is written if it shows before the first member began.
    """
    collection, folder = collection_of(request.a, request.b, request.steps), request.out
    if folder is None:
        return _measured(request, collection, None)
    refuse_held(folder)
    if has_run(folder, resume=request.resume):
        _refuse_others(CollectionRecord.of(collection), folder)
    with held_folder(folder) as hold:
        return _measured(request, collection, hold)


def _measured(request: Request, collection: Collection, hold: Hold | None) -> xr.Dataset:
    record, folder = CollectionRecord.of(collection), None if hold is None else hold.folder
    if folder is not None and has_run(folder, resume=request.resume):
        _refuse_others(record, folder)
    held = HeldCheckpoints()
    _refuse_unfit(request.model, collection, held)
    common = with_data_in_memory(request)
    if folder is not None:
        record.save(folder)
    said = ProgressFile(folder, "collection", "members", of=len(record.members))
    try:
        results = _members_results(common, collection, record, held, hold, said)
    except InputError:
        # Refused before its first member it is no collection, and the folder may be used again.
        if folder is not None and not Layout(folder).members.exists():
            end_progress(folder)
            Layout(folder).record.unlink(missing_ok=True)
        raise
    joined = joined_result(record, results)
    if hold is None or folder is None:
        names = [member.name for member in record.members]
        return with_in_hand(joined, InHand(members=dict(zip(names, results, strict=True))))
    # Paused for minutes, this process may have lost the folder to another.
    hold.confirm()
    save_results(rows_alone(joined), joined.attrs["splits"], Layout(folder).results)
    end_progress(folder)
    record.completed([result.attrs["run_id"] for result in results]).save(folder)
    return joined.assign_attrs(run_folder=str(folder.resolve()))


def _members_results(
    request: Request,
    collection: Collection,
    record: CollectionRecord,
    held: HeldCheckpoints,
    hold: Hold | None,
    said: ProgressFile,
) -> list[xr.Dataset]:
    """The results of all members in their order, measured here or by workers; each is on disk when it is there."""
    home = None if hold is None else Layout(hold.folder).members
    on_accelerator = device_named(request.settings.device).type != "cpu"
    data = request.data, request.recalibration_data
    common = request.model_copy(
        update={
            "a": None, "b": None, "data": None, "recalibration_data": None, "out": None, "steps": None, "ray": None,
            "progress": request.progress and request.ray is None,
            # Whether there is a run was looked at before; a worker may find what one that was killed has left.
            "resume": request.resume or request.ray is not None,
        }
    )  # fmt: skip
    found: dict[int, xr.Dataset] = {}

    def tell(begun: Begun) -> None:
        if request.progress:
            print(f"member {begun.number} of {len(record.members)}: {begun.name}", file=sys.stderr, flush=True)

    with workers_at(request.ray, torch.get_num_threads(), on_accelerator=on_accelerator) as workers:
        jobs = MemberJobs(collection, record, held, workers, home, nothing if hold is None else hold.confirm)
        task = MeasureMembers(common, workers.share(lambda: data))
        for done in workers.done(task, jobs, tell):
            result, carried = done.result
            known = record.members[done.number]
            if home is not None:
                result = result.assign_attrs(run_folder=str((home / known.folder).resolve()))
            found[done.number] = with_in_hand(result, carried)
            said.advance(1, member=known.name)
    return [found[number] for number in range(len(jobs))]


def first_member(request: Request) -> tuple[Request, int]:
    """The request of the first member alone, and how many members there are; for the plan of a measurement.

    Args:
        request: What is asked.

    Returns:
        The request itself and 1 where it is of two networks.
    """
    if request.steps is None and is_one_network(request.a) and is_one_network(request.b):
        return request, 1
    collection = collection_of(request.a, request.b, request.steps)
    a, b = _weights(collection.members[0], HeldCheckpoints())
    return request.model_copy(update={"a": a, "b": b, "steps": None}), len(collection.members)


def _weights(member: Member, held: HeldCheckpoints) -> tuple[Checkpoint, Checkpoint]:
    steps = member.steps or (None, None)
    return held.checkpoint(member.a, steps[0]), held.checkpoint(member.b, steps[1])


def _refuse_others(record: CollectionRecord, folder: Path) -> None:
    earlier = load_collection_record(folder)
    if (earlier.dimensions, earlier.members) != (record.dimensions, record.members):
        theirs, ours = ([member.name for member in found.members] for found in (earlier, record))
        raise InputError(
            f"the {len(theirs)} members of the existing collection: {', '.join(theirs[:4])}, ...",
            f"{len(ours)} members: {', '.join(ours[:4])}, ...",
            str(folder),
            "give the same networks and steps in the same order, or another --out",
        )


def _refuse_unfit(model: Any, collection: Collection, held: HeldCheckpoints) -> None:
    module = None
    known = set()
    for member in collection.members:
        for network, step in zip((member.a, member.b), member.steps or (None, None), strict=True):
            if network.name in known:
                continue
            known.add(network.name)
            checkpoint = held.checkpoint(network, step)
            module = module or named_model(model, checkpoint.weights).module
            where = network.name if step is None else f"{network.name}, {step}"
            fitted_weights(checkpoint.weights, where, (), module)
