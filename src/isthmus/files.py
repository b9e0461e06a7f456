"""Writing files so that a file that is there is whole, and reading them while nobody else writes."""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from isthmus.errors import InputError, UnwritableError
from isthmus.processes import is_running, this_process

LOCK_FILE = ".isthmus-lock"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_OURS = (errno.EROFS, errno.EACCES, errno.EPERM)
A_FILE = (errno.EEXIST, errno.ENOTDIR)  # where a folder is to be made
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as Rust writes it, of which safetensors makes no OSError
_told: list[Callable[[], None]] = []  # no context variable: another thread may write
_PART = re.compile(r"\..+\.([0-9a-f]{8}-\d+-\d*|\d+)\.part")  # a bare number: isthmus 0.1


def instead_of_folder(path: Path, otherwise: str) -> str:
    """What is there in place of a folder that somebody should have named, for a message.

    Args:
        path: As it was named.
        otherwise: What to say of a folder.

    Returns:
        That, or that there is a file or nothing.
    """
    return otherwise if path.is_dir() else "a file" if path.is_file() else "no such folder"


def save_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    Whoever finds the file finds all of it; whoever stops the program leaves at most a temporary name behind. The file
    has the permissions of the user's umask, whatever `write` gives it.

    Args:
        path: The file to make; its folder is made too.
        write: Writes to the path that it is given.

    Raises:
        unwritable: The disk is full, or the folder is read-only or gone. A file that was there stays.
    """
    try:
        _save_whole(path, write)
    except Exception as error:
        number = _error_number(error)
        if number is None:
            raise
        raise unwritable(number, path.parent) from error
    for told in _told:
        told()


@contextmanager
def saves_told(tell: Callable[[], None]) -> Iterator[None]:
    """Tell of every file that is written while a block runs, by any thread; none of them is flushed to the disk.

    Args:
        tell: Called when the file is there, to flush what matters elsewhere.

    Yields:
        Nothing.
    """
    _told.append(tell)
    try:
        yield
    finally:
        _told.remove(tell)


def unwritable(number: int | None, folder: Path) -> UnwritableError:
    """What to say of a folder in which a file can't be written.

    Args:
        number: Of the system's error; None where it is gone.
        folder: Which.

    Returns:
        The error, to be raised.
    """
    remedy = "look at the disk, then go on with --resume"
    if number in NO_ROOM:
        remedy = "make room, then go on with --resume: what is finished is kept"
    elif number in NOT_OURS:
        remedy = "make it writable, or name another --out"
    elif number in A_FILE:
        remedy = "name another --out: it has the name of a file"
    got = "a folder that is gone" if number is None else os.strerror(number)
    return UnwritableError("a writable folder", got, str(folder), remedy)


def _error_number(error: Exception) -> int | None:
    """The number of the system's error behind an exception, if there is one."""
    if isinstance(error, OSError):
        return error.errno or errno.EIO
    found = _SYSTEM_ERROR.search(str(error))
    return int(found[1]) if found else None


def _save_whole(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, for only within one file system is a rename one step.
    temporary = part_of(path)
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        write(temporary)
        if temporary.stat().st_mode != mode:  # safetensors makes files that nobody else can read
            temporary.chmod(mode)
        if not _told:  # a copy, whose files are flushed where they go
            with temporary.open("rb+") as file:
                # Before the rename, or a crash could leave the name with no contents behind it.
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):  # what went wrong is said already
            temporary.unlink(missing_ok=True)


@contextmanager
def unchanged(files: Iterable[Path]) -> Iterator[None]:
    """Refuse what was read in a block from files that another program wrote to meanwhile.

    Args:
        files: They need not be there.

    Yields:
        Nothing.

    Raises:
        InputError: One of them has another size, time or place on the disk than before.
    """
    looked = {file: _look(file) for file in files}
    yield
    changed = [file for file, look in looked.items() if _look(file) != look]
    if changed:
        got, remedy = "one that changed", "let the program that writes it end, then begin again, or go on with --resume"
        raise InputError("a file that stays as it is while it is read", got, str(changed[0]), remedy)


def _look(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


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


def has_leftovers(folder: Path) -> bool:
    """Whether there are a lock or half a file in a folder: of a process that was killed, or of one that works there.

    Args:
        folder: It need not be there.

    Returns:
        Where nobody works, holding the folder removes them.
    """
    return (folder / LOCK_FILE).exists() or any(is_part(path) for path in folder.rglob(".*.part"))


def is_empty(folder: Path) -> bool:
    """Whether nothing is in a folder but what a process that was killed at its very beginning leaves behind.

    Args:
        folder: It need not be there.

    Returns:
        True also if there are a lock and temporary files.
    """
    if not folder.exists():
        return True
    return all(path.name.startswith(LOCK_FILE) or is_part(path) for path in folder.iterdir())


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
