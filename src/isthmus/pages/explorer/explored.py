"""What is explored: the measurements in the runs given, loaded one at a time."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import InputError
from isthmus.federated.results.tables import is_federation
from isthmus.pages.explorer.options import Options
from isthmus.questions.study.folder import is_study
from isthmus.runs.folder.collection_record import is_collection, load_collection_record
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.loading import classes_of
from isthmus.runs.folder.reading import load_run
from isthmus.runs.renewed import with_rises

if TYPE_CHECKING:
    import xarray as xr

NUM_KEPT = 4
"""Loaded members that are kept: those shown, and those shown before."""


@dataclass(frozen=True)
class Member:
    """A measurement of two networks.

    Attributes:
        run: The number of the run given that it belongs to.
        folder: Its own, below the path as given.
        title: What a reader calls it.
        pair: Its label along `pair`; "" in a run without pairs.
        step: The same along `step`.
    """

    run: int
    folder: Path
    title: str
    pair: str = ""
    step: str = ""


@dataclass(frozen=True)
class Loaded:
    """A member with its numbers.

    Attributes:
        member: Which.
        result: With rises, also where an earlier version stored none.
        classes: The rises and barriers of every class, where there are classes.
        options: What there is to choose from.
        is_renewed: Whether `result` holds more than is stored.
    """

    member: Member
    result: "xr.Dataset"
    classes: "xr.Dataset | None"
    options: Options
    is_renewed: bool


class Explored:
    """Runs and their members; of collections that are not finished those members that are.

    Attributes:
        folders: As given.
        names: What the runs are called.
        unfinished: How many members of a run are not finished, of those runs that have such.
        members: All of them, run by run.

    Args:
        folders: Run folders or folders of collections, each once.

    Raises:
        InputError: A folder is neither, or holds nothing finished.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        names = [folder.resolve().name for folder in folders]
        self.names = tuple(
            name if names.count(name) == 1 else str(folder) for name, folder in zip(names, folders, strict=True)
        )
        self.unfinished: dict[int, int] = {}
        self.members = tuple(member for number in range(len(folders)) for member in self._members(number))
        self._kept: OrderedDict[int, Loaded] = OrderedDict()

    def _members(self, run: int) -> list[Member]:
        folder, name = self.folders[run], self.names[run]
        _refuse_other_kinds(folder)
        if not is_collection(folder):
            return [Member(run, folder, name)]
        there = [
            (record, files.folder)
            for record in load_collection_record(folder).members
            if (files := Layout(folder).member(record.folder)).results.is_file()
        ]
        missing = len(load_collection_record(folder).members) - len(there)
        if not there:
            remedy = "continue it: isthmus measure ... --out FOLDER --resume"
            raise InputError("a collection with a finished member", "none that is finished", str(folder), remedy)
        if missing:
            self.unfinished[run] = missing
        return [
            Member(run, of_member, f"{name}: {record.name}", record.pair or "", record.step or "")
            for record, of_member in there
        ]

    def loaded(self, number: int) -> Loaded:
        """A member with its numbers; the last few that were asked for are kept.

        Args:
            number: Of the member.

        Returns:
            The member.
        """
        if number not in self._kept:
            member = self.members[number]
            stored = load_run(member.folder)
            result = with_rises(stored)
            self._kept[number] = Loaded(member, result, classes_of(stored), Options.of(result), result is not stored)
        self._kept.move_to_end(number)
        while len(self._kept) > NUM_KEPT:
            self._kept.popitem(last=False)
        return self._kept[number]


def _refuse_other_kinds(folder: Path) -> None:
    for kind, name in ((is_study, "a study"), (is_federation, "a federated training")):
        if kind(folder):
            raise InputError("runs of two networks, or collections", name, str(folder), f"isthmus report {folder}")
