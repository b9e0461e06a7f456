"""`run.json` of a collection: which runs belong together. Each member's run holds its own settings and results."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.gate.door import inside, parsing
from isthmus.gate.texts import read_json
from isthmus.runs.folder.layout import Layout, folder_names
from isthmus.runs.request.dimension import Dimension

if TYPE_CHECKING:
    from isthmus.runs.request.members import Collection

COLLECTION_SCHEMA_VERSION = 1
KIND: Literal["collection"] = "collection"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MemberRecord(_Part):
    """A member: its labels along the dimensions, and its run folder under `members/`.

    Attributes:
        name: For messages, such as "x-y 20ep".
        folder: The name of its folder.
        pair: Label along `pair`.
        step: Label along `step`.
        iteration: The step in mini-batches, where known.
        name_a: Name of network a.
        name_b: Name of network b.
    """

    name: str
    folder: str
    pair: str | None = None
    step: str | None = None
    iteration: int | None = None
    name_a: str
    name_b: str


class CollectionRecord(_Part):
    """The manifest of a collection.

    Attributes:
        run_id: Hash of the members' labels and run ids; empty until all are there.
        complete: Whether every member is there and `results.parquet` written.
        dimensions: What tells the members apart, the slowest first.
        members: One a run, in the order of the dimensions.
        warnings: What was left out.
    """

    schema_version: int = COLLECTION_SCHEMA_VERSION
    kind: Literal["collection"] = KIND
    run_id: str = ""
    complete: bool = False
    dimensions: tuple[Dimension, ...]
    members: tuple[MemberRecord, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, collection: "Collection") -> "CollectionRecord":
        """The record of a collection that is yet to be measured.

        Args:
            collection: From `isthmus.runs.request.members.collection_of`.

        Returns:
            Its record.
        """
        folders = folder_names([member.name for member in collection.members])
        members = tuple(
            MemberRecord(
                name=member.name,
                folder=folders[member.name],
                pair=member.pair,
                step=member.step,
                iteration=member.iteration,
                name_a=member.a.name,
                name_b=member.b.name,
            )
            for member in collection.members
        )
        return cls(dimensions=collection.dimensions, members=members, warnings=collection.warnings)

    def completed(self, run_ids: Sequence[str]) -> "CollectionRecord":
        """The record when all members are there.

        Args:
            run_ids: Of the members, in their order.

        Returns:
            A complete record.
        """
        labels = [[member.pair, member.step, run_id] for member, run_id in zip(self.members, run_ids, strict=True)]
        identity = hashlib.sha256(json.dumps(labels).encode()).hexdigest()[:16]
        return self.model_copy(update={"run_id": identity, "complete": True})

    def save(self, folder: Path) -> None:
        """Write `run.json`.

        Args:
            folder: The folder of the collection.
        """
        text = json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
        save_whole(Layout(folder).record, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def is_collection(folder: Path) -> bool:
    """Whether a folder holds a collection.

    Args:
        folder: Any path.

    Returns:
        False for a run of two networks and for what is no run at all.
    """
    try:
        return bool(_contents(folder)["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def load_collection_record(folder: Path) -> CollectionRecord:
    """Read `run.json` of a collection.

    Args:
        folder: Its folder.

    Returns:
        The record.

    Raises:
        InputError: It is no collection, or one of a later version of isthmus.
    """
    file = Layout(folder).record
    if not is_collection(folder):
        raise InputError(
            "a collection of runs",
            "the run of two networks" if file.is_file() else "no run",
            str(folder),
            "name the folder that isthmus measure A B C --out wrote, or another --out",
        )
    contents = _contents(folder)
    with parsing("a run.json written by isthmus", str(file), "measure again into a new folder"):
        version = contents.get("schema_version", 0)
        if version > COLLECTION_SCHEMA_VERSION:
            expected = f"a collection of schema version {COLLECTION_SCHEMA_VERSION} or earlier"
            raise InputError(expected, str(version), str(file), "update isthmus")
        found = CollectionRecord(**contents)
    for member in found.members:
        inside(Layout(folder).members, member.folder, str(file))
    return found


def _contents(folder: Path) -> dict[str, Any]:
    contents: dict[str, Any] = read_json(Layout(folder).record)
    return contents
