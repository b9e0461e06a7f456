"""Measuring more than two networks, or networks at several times: member by member, each a whole run."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from isthmus.data.load import load_examples, load_splits
from isthmus.errors import InputError, IsthmusWarning
from isthmus.evaluation.device import device_named
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.runs.carried import content_of, refuse_other_run, with_content
from isthmus.runs.folder.beginning import has_run, save_first
from isthmus.runs.folder.collection_record import CollectionRecord, MemberRecord, load_collection_record
from isthmus.runs.folder.joined import joined_result
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.table import rows_alone, save_results
from isthmus.runs.request.inputs import Weights, fitted_weights, named_model
from isthmus.runs.request.members import Collection, Member, collection_of
from isthmus.runs.request.networks import HeldCheckpoints, Networks, is_one_network
from isthmus.weights.checkpoint import Checkpoint

OWN = ("a", "b", "steps", "out")


@dataclass(frozen=True)
class _Members:
    """The members' own results, by name."""

    results: dict[str, xr.Dataset]


def measure_collection(measure: Callable[..., xr.Dataset], arguments: Mapping[str, Any]) -> xr.Dataset:
    """Measure every member and join the results.

    Data is read and decoded once, each checkpoint is read once while it fits into memory, and the model is exported
    once. Every network is read and compared with the model before the first member begins (of a trajectory its first
    step).

    Args:
        measure: `isthmus.measure`, for one member.
        arguments: All of its arguments.

    Returns:
        A result with leading dimensions `pair` and `step`.

    Raises:
        InputError: Something is wrong with the input; nothing is written if it shows before the first member began.
    """
    collection = collection_of(arguments["a"], arguments["b"], arguments["steps"])
    if arguments["out"] is None:
        return _measured(measure, arguments, collection, None)
    folder = Path(arguments["out"])
    refuse_held(folder)
    if has_run(folder, resume=arguments["resume"]):
        _refuse_others(CollectionRecord.of(collection), folder)
    with held_folder(folder) as hold:
        return _measured(measure, arguments, collection, hold)


def _measured(
    measure: Callable[..., xr.Dataset], arguments: Mapping[str, Any], collection: Collection, hold: Hold | None
) -> xr.Dataset:
    record, folder = CollectionRecord.of(collection), None if hold is None else hold.folder
    if folder is not None and has_run(folder, resume=arguments["resume"]):
        _refuse_others(record, folder)
    held = HeldCheckpoints()
    _refuse_unfit(arguments["model"], collection, held)
    common = {name: value for name, value in arguments.items() if name not in OWN} | _loaded(arguments)
    if folder is not None:
        save_first(record, folder)
    results = []
    try:
        with kept_graphs():
            for number, (member, known) in enumerate(zip(collection.members, record.members, strict=True), start=1):
                if arguments["progress"]:
                    print(f"member {number} of {len(record.members)}: {known.name}", file=sys.stderr, flush=True)
                out = None if folder is None else Layout(folder).member(known.folder).folder
                a, b = _weights(member, held)
                with _named_warnings(known.name):
                    results.append(measure(a=a, b=b, out=out, **common))
    except InputError:
        if folder is not None and not Layout(folder).members.exists():
            Layout(folder).record.unlink(missing_ok=True)
        raise
    joined = joined_result(record, results)
    if hold is None or folder is None:
        named = zip(record.members, results, strict=True)
        return with_content(joined, _Members({member.name: result for member, result in named}))
    hold.confirm()
    save_results(rows_alone(joined), joined.attrs["splits"], Layout(folder).results)
    record.completed([result.attrs["run_id"] for result in results]).save(folder)
    return joined.assign_attrs(run_folder=str(folder.resolve()))


def load_collection(folder: Path, load_run: Callable[[Path], xr.Dataset]) -> xr.Dataset:
    """Read the result of a finished collection.

    Args:
        folder: Its folder.
        load_run: Reads the run of one member.

    Returns:
        What `isthmus.measure` returned when it was written.

    Raises:
        InputError: It is not finished.
    """
    record = load_collection_record(folder)
    if not record.complete:
        there = sum(Layout(folder).member(member.folder).results.is_file() for member in record.members)
        raise InputError(
            "a finished collection",
            f"one that was interrupted, with {there} of {len(record.members)} members",
            str(folder),
            "go on with it: isthmus measure ... --out FOLDER --resume, or load a member under members/",
        )
    results = [load_run(Layout(folder).member(member.folder).folder) for member in record.members]
    return joined_result(record, results).assign_attrs(run_folder=str(folder.resolve()))


def member_result(result: xr.Dataset, member: MemberRecord, load_run: Callable[[Path], xr.Dataset]) -> xr.Dataset:
    """The result of one member of a joined result.

    Args:
        result: A joined result or a part of one.
        member: Which.
        load_run: Reads the run of one member.

    Returns:
        The member's own result.

    Raises:
        InputError: It is neither in memory nor on disk any more.
    """
    folder = result.attrs.get("run_folder")
    stored = Layout(Path(folder)).member(member.folder).folder if folder else None
    if folder and stored and stored.is_dir():
        refuse_other_run(result, load_collection_record(Path(folder)).run_id)
        return load_run(stored)
    found = content_of(result, _Members)
    if found is None:
        raise InputError(
            "a collection whose members are at hand",
            "one that has them neither in memory nor in a folder",
            "result",
            "measure with out=FOLDER, or keep what measure returned in this process",
        )
    return found.results[member.name]


def first_pair(
    a: Weights | Networks, b: Weights | Networks | None, steps: Sequence[str] | None
) -> tuple[Weights, Weights, int]:
    """The two networks of the first member, and how many members there are; for the plan of a measurement.

    Args:
        a: As `isthmus.measure` takes it.
        b: As `isthmus.measure` takes it.
        steps: As `isthmus.measure` takes them.

    Returns:
        Networks a and b as they were given if they are all, and the number of members.
    """
    if steps is None and is_one_network(a) and is_one_network(b):
        return a, b, 1
    collection = collection_of(a, b, steps)
    return *_weights(collection.members[0], HeldCheckpoints()), len(collection.members)


def _weights(member: Member, held: HeldCheckpoints) -> tuple[Checkpoint, Checkpoint]:
    steps = member.steps or (None, None)
    return held.checkpoint(member.a, steps[0]), held.checkpoint(member.b, steps[1])


def _refuse_others(record: CollectionRecord, folder: Path) -> None:
    earlier = load_collection_record(folder)
    if (earlier.dimensions, earlier.members) != (record.dimensions, record.members):
        theirs, ours = ([member.name for member in found.members] for found in (earlier, record))
        raise InputError(
            f"the {len(theirs)} members of the collection that is there: {', '.join(theirs[:4])}, ...",
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


def _loaded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Data that is read, decoded and hashed once for all members."""
    device, root = device_named(arguments["device"]), arguments["data_root"]
    data_root = None if root is None else Path(root)
    splits = load_splits(arguments["data"], data_root=data_root)
    loaded: dict[str, Any] = {"data": {name: split.to(device) for name, split in splits.items()}}
    if arguments["recalibration_data"] is not None:
        loaded["recalibration_data"] = load_examples(arguments["recalibration_data"], data_root=data_root)
    return loaded


@contextmanager
def _named_warnings(name: str) -> Iterator[None]:
    """Warnings of the block, with the member's name before those of isthmus."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", IsthmusWarning)
        yield
    for warning in found:
        text = f"{name}: {warning.message}" if issubclass(warning.category, IsthmusWarning) else str(warning.message)
        warnings.warn(text, warning.category, stacklevel=5)
