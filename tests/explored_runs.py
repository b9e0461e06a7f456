"""Runs to explore: names that would run if a page took them for its own, and collections of many members."""

import os
from pathlib import Path

from isthmus.runs.folder.collection_record import CollectionRecord, MemberRecord
from isthmus.runs.folder.layout import Layout

RUNS = "name=7"
HOSTILE = (f"<script>{RUNS}</script>", f'<img src=x onerror="{RUNS}">', "fc")
"""Names of layers; the window's name would be 7."""


def make_collection(member: Path, folder: Path, count: int) -> Path:
    """A collection of which every member is the same run, so that it takes no time to make."""
    names = [f"{i}ep" for i in range(count)]
    records = [MemberRecord(name=name, folder=name, step=name, name_a="a", name_b="b") for name in names]
    for name in names:
        of_member = Layout(folder).member(name).folder
        for file in (file for file in member.rglob("*") if file.is_file() and "examples" not in file.parts):
            (of_member / file.relative_to(member)).parent.mkdir(parents=True, exist_ok=True)
            os.link(file, of_member / file.relative_to(member))
    CollectionRecord(dimensions=("step",), members=tuple(records)).completed(names).save(folder)
    return folder
