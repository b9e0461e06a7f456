"""Reading a collection: its joined result, and the members' own."""

from collections.abc import Callable
from pathlib import Path

import xarray as xr

from isthmus.errors import InputError
from isthmus.runs.carried import in_hand, refuse_other_run
from isthmus.runs.folder.collection_record import MemberRecord, load_collection_record
from isthmus.runs.folder.joined import joined_result
from isthmus.runs.folder.layout import Layout


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
            "continue it: isthmus measure ... --out FOLDER --resume, or load a member under members/",
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
    found = in_hand(result).members.get(member.name)
    if found is None:
        raise InputError(
            "a collection with its members",
            "one that has them neither in memory nor in a folder",
            "result",
            "measure with out=FOLDER, or keep what measure returned in this process",
        )
    return found
