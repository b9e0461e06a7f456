"""What isthmus did to read the checkpoints, printed on standard error."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from isthmus.errors import printable


def print_notes(attributes: Mapping[Any, Any]) -> None:
    """Print the notes of a result or a study; those that members of a collection share stand once.

    Args:
        attributes: Of the result. `notes` is a JSON list; a collection's `members` too.
    """
    notes = json.loads(attributes.get("notes", "[]"))
    members = json.loads(attributes.get("members", "[]"))
    if members:
        counts = Counter(note.partition(": ")[2] for note in notes)
        notes = [f"in {count} of {len(members)} members: {note}" for note, count in counts.items()]
    print_lines(notes)


def print_lines(texts: Iterable[str]) -> None:
    """Print texts on standard error, with what steers a terminal written out: files of strangers name things in them.

    Args:
        texts: A line each.
    """
    for text in texts:
        typer.echo(printable(text), err=True)
