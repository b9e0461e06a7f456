"""The door through which every file is parsed: what cannot be read is wrong input, however its parser fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import ValidationError

from isthmus.errors import InputError

LONGEST_FILE_NAME = 255  # bytes, on all usual file systems


@contextmanager
def parsing(expected: str, where: str, remedy: str, what: str = "") -> Iterator[None]:
    """Refuse a file for whatever its parser raises.

    Only the parser's own call belongs inside: libraries raise far more kinds of errors on damaged bytes than they
    document, and none of them may become a fault of isthmus.

    Args:
        expected: What would have been right.
        where: The file.
        remedy: What to do.
        what: What to call the contents that the parser refuses; by default its own words stand alone.

    Yields:
        Nothing.

    Raises:
        InputError: Anything was raised inside.
    """
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(expected, "one that needs more memory than there is", where, remedy) from error
    except RecursionError as error:
        raise InputError(expected, "one that is nested too deep", where, remedy) from error
    except Exception as error:
        got = _in_words(error)[:200]
        raise InputError(expected, f"{what} ({got})" if what else got, where, remedy) from error


def _in_words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"nothing named {first_line}" if isinstance(error, KeyError) else first_line


def inside(folder: Path, name: object, where: str) -> Path:
    """The file of a name that a file in the same folder says.

    Args:
        folder: Where it lies.
        name: As it is written; Windows' signs count on every system.
        where: What says it, for messages.

    Returns:
        Its path. It need not be there.

    Raises:
        InputError: It is no name of a file in the folder itself: it has folders in it, or is a link that leads out.
    """
    expected = f"the name of a file in the folder {folder.name}"
    remedy = "put all files into one folder, and their bare names into the index"
    is_name = isinstance(name, str) and name.isprintable() and name not in {"", ".", ".."}
    is_name = is_name and len(os.fsencode(str(name))) <= LONGEST_FILE_NAME
    if not is_name or PurePosixPath(str(name)).name != name or PureWindowsPath(str(name)).name != name:
        raise InputError(expected, repr(name)[:200], where, remedy)
    file = folder / str(name)
    if _leads_out(file):
        raise InputError(expected, f"{name!r}, a link that leads out of it", where, remedy)
    return file


def _leads_out(file: Path) -> bool:
    """Whether a file is a link to another folder."""
    # The cache of the hub links `snapshots/REVISION` to `blobs` of the same model, having fetched files alone.
    if not file.is_symlink():
        return False
    folder, place = file.parent.resolve(), file.resolve()
    snapshots = folder.parent
    is_cached = snapshots.name == "snapshots" and place.parent == snapshots.parent / "blobs"
    return place.parent != folder and not is_cached
