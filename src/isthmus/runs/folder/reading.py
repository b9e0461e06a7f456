"""Reading results back: of a run, of a collection, of its members."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from isthmus.errors import InputError
from isthmus.gate.door import parsing
from isthmus.results.labelled import labelled
from isthmus.runs.carried import in_hand, refuse_other_run
from isthmus.runs.folder.collection_record import MemberRecord, is_collection, load_collection_record
from isthmus.runs.folder.grid_record import GridRecord
from isthmus.runs.folder.joined import joined_result, record_of_members
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.record import load_record
from isthmus.runs.folder.table import load_tables


def load_run(folder: str | Path) -> xr.Dataset:
    """Read the result of a finished run.

    Args:
        folder: A run folder, or the folder of a collection.

    Returns:
        What `isthmus.measure` returned when it was written.

    Raises:
        InputError: The folder is no run, or the run is not finished.
    """
    folder = Path(folder)
    return _load_collection(folder) if is_collection(folder) else _load_pair(folder)


def _load_pair(folder: Path) -> xr.Dataset:
    record = load_record(folder)
    if not record.complete or not Layout(folder).results.is_file():
        raise InputError(
            "a finished run",
            "one that was interrupted",
            str(folder),
            "continue it: isthmus measure ... --out FOLDER --resume",
        )
    with parsing("results that fit run.json", str(folder), "measure again into a new folder"):
        found = load_tables(folder)
        _refuse_other_rows(found, record.grid)
        return labelled(found.assign_attrs(record.attributes(), run_folder=str(folder.resolve())))


def _refuse_other_rows(found: xr.Dataset, grid: GridRecord) -> None:
    """Tables and record are files of their own: what is shown takes labels of one for those of the other."""
    of_record = {
        "host": list(grid.hosts), "moving": [group.label for group in grid.groups],
        "sweep": [group.sweep for group in grid.groups], "alpha": list(grid.alphas),
        "fraction": list(grid.directions.fractions) if grid.directions else [],
    }  # fmt: skip
    for name, labels in of_record.items():
        if name in found.coords and found[name].values.tolist() != labels:
            raise ValueError(f"tables with another {name} than run.json names")


def _load_collection(folder: Path) -> xr.Dataset:
    record = load_collection_record(folder)
    if not record.complete:
        there = sum(Layout(folder).member(member.folder).results.is_file() for member in record.members)
        raise InputError(
            "a finished collection",
            f"one that was interrupted, with {there} of {len(record.members)} members",
            str(folder),
            "continue it: isthmus measure ... --out FOLDER --resume, or load a member under members/",
        )
    results = [_load_pair(Layout(folder).member(member.folder).folder) for member in record.members]
    with parsing("members that fit together", str(folder), "measure again into a new folder"):
        return joined_result(record, results).assign_attrs(run_folder=str(folder.resolve()))


def member_result(result: xr.Dataset, member: MemberRecord) -> xr.Dataset:
    """The result of one member of a joined result.

    Args:
        result: A joined result or a part of one.
        member: Which.

    Returns:
        The member's own result.

    Raises:
        InputError: It is neither in memory nor on disk any more.
    """
    folder = result.attrs.get("run_folder")
    stored = Layout(Path(folder)).member(member.folder).folder if folder else None
    if folder and stored and stored.is_dir():
        refuse_other_run(result, load_collection_record(Path(folder)).run_id)
        return _load_pair(stored)
    found = in_hand(result).members.get(member.name)
    if found is None:
        raise InputError(
            "a collection with its members",
            "one that has them neither in memory nor in a folder",
            "result",
            "measure with out=FOLDER, or keep what measure returned in this process",
        )
    return found


def by_member(result: xr.Dataset, function: Callable[[xr.Dataset], xr.Dataset]) -> xr.Dataset:
    """Apply a function of a measurement to every member of a joined result.

    Args:
        result: From `joined_result`, or a part of it.
        function: What to apply.

    Returns:
        The outcomes joined; if pair and step are chosen, the outcome of that member itself.
    """
    record = record_of_members(result)
    outcomes = [function(member_result(result, member)) for member in record.members]
    if all(result[dim].ndim == 0 for dim in record.dimensions):
        return outcomes[0]
    joined = joined_result(record, outcomes)
    kept: Mapping[Any, Any] = {k: result.attrs[k] for k in ("run_id", "run_folder", "warnings") if k in result.attrs}
    return joined.assign_attrs(kept)
