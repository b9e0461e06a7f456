"""Whether a run may begin or continue in a folder."""

from pathlib import Path

from isthmus.errors import InputError
from isthmus.files import is_empty
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.record import Record, load_record


def resumable_record(folder: Path, *, resume: bool) -> Record | None:
    """The record of the run in a folder that is to go on, or None where a new run begins.

    Args:
        folder: Where the run is or will be.
        resume: Whether to go on with what is there.

    Returns:
        The record; None if nothing is there.
    """
    return load_record(folder) if has_run(folder, resume=resume) else None


def has_run(folder: Path, *, resume: bool) -> bool:
    """Whether a folder holds a run that is to go on; if not, a new one may begin there.

    Args:
        folder: Where the run is or will be.
        resume: Whether to go on with what is there.

    Returns:
        False if nothing is there.

    Raises:
        InputError: There is a run and `resume` was not asked for, or there is something else.
    """
    if folder.is_file():
        raise InputError("a folder", "a file", str(folder), "name another --out")
    if is_empty(folder):
        return False
    if not Layout(folder).record.exists():
        raise InputError(
            "a new or empty folder, or a run", "a folder with other things in it", str(folder), "name another --out"
        )
    if not resume:
        raise InputError("a new or empty folder", "an existing run", str(folder), "add --resume, or name another --out")
    return True
