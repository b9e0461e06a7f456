"""Writing files so that a file that is there is whole."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path

from isthmus.processes import is_running, this_process

_PART = re.compile(r"\..+\.([0-9a-f]{8}-\d+-\d*|\d+)\.part")  # a bare number: isthmus 0.1


def save_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    Whoever finds the file finds all of it; whoever stops the program leaves at most a temporary name behind. The file
    has the permissions of the user's umask, whatever `write` gives it.

    Args:
        path: The file to make; its folder is made too.
        write: Writes to the path that it is given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, for only within one file system is a rename one step.
    temporary = part_of(path)
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        write(temporary)
        if temporary.stat().st_mode != mode:  # safetensors makes files that nobody else can read
            temporary.chmod(mode)
        with temporary.open("rb+") as file:
            # Before the rename, or a crash could leave the name with no contents behind it.
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_bytes(path: Path, content: bytes) -> None:
    """Write a file as `save_whole` does, and remove what killed processes left behind of it.

    Args:
        path: The file to make.
        content: All of it.
    """
    remove_parts_of(path)
    save_whole(path, lambda temporary: temporary.write_bytes(content))


def part_of(path: Path) -> Path:
    """The temporary name of a file that this process writes.

    Args:
        path: The file to make.

    Returns:
        A name beside it that says who wrote it.
    """
    return path.with_name(f".{path.name}.{this_process()}.part")


def is_part(path: Path) -> bool:
    """Whether a name is one that `part_of` makes.

    Args:
        path: Any path.

    Returns:
        False for names of other things.
    """
    return _PART.fullmatch(path.name) is not None


def remove_parts(folder: Path, *, is_ours: bool) -> None:
    """Remove what killed processes left behind in a folder and the folders in it.

    Args:
        folder: Where; it need not be there.
        is_ours: Whether no other process may be writing there. Then what another host left goes as well; else only
            what is known to belong to a process that has ended.
    """
    for part in folder.rglob(".*.part"):
        _remove_if_dead(part, unseen_is_dead=is_ours)


def remove_parts_of(path: Path) -> None:
    """Remove what killed processes left behind of one file, as far as they are known to have ended.

    Args:
        path: The file that is to be made.
    """
    for part in path.parent.glob(f".{escape(path.name)}.*.part"):
        _remove_if_dead(part, unseen_is_dead=False)


def _remove_if_dead(part: Path, *, unseen_is_dead: bool) -> None:
    named = _PART.fullmatch(part.name)
    running = is_running(named[1]) if named else True
    if running is False or (running is None and unseen_is_dead):
        with suppress(OSError):
            part.unlink()
