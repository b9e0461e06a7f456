"""Folders that jobs work in: the folder itself, or a copy on another machine whose files come home as they are made.

A worker of a cluster need not see the disk of the process that asked for the job. It begins with a copy of what is
there, and every file that is whole is sent home at once, in the order in which they were written: so what is at home is
at any time what a run that was killed there would have left.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from isthmus.files import LOCK_FILE, is_part, save_whole, saves_told
from isthmus.processes import is_running, this_process
from isthmus.work.news import Tell

COPY = "isthmus-work-"
Look = tuple[int, int, int]


@runtime_checkable
class WorkFolder(Protocol):
    """A folder of a job."""

    def opened(self, tell: Tell) -> AbstractContextManager[Path]:
        """Have it for as long as a block runs, wherever the job is done.

        Args:
            tell: Of the job; files go home by it.

        Returns:
            A context that gives the folder's path.
        """


@dataclass(frozen=True)
class InPlace:
    """A folder that a job finds where it is.

    Attributes:
        home: The folder.
    """

    home: Path

    def opened(self, tell: Tell) -> AbstractContextManager[Path]:
        """Have the folder itself.

        Args:
            tell: Not used.

        Returns:
            A context that gives the folder's path.
        """
        del tell
        return nullcontext(self.home)


@dataclass(frozen=True)
class Files:
    """What became of the files of a job's folder.

    Attributes:
        home: The folder that they belong in.
        written: Contents by path within it, in the order in which they were written.
        removed: Paths of those that went.
    """

    home: str
    written: Mapping[str, bytes]
    removed: tuple[str, ...] = ()

    def save(self) -> None:
        """Do at home what was done elsewhere."""
        home = Path(self.home)
        for name, content in self.written.items():
            save_whole(home / name, partial(Path.write_bytes, data=content))
        for name in self.removed:
            (home / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Sent:
    """A folder that goes to another machine with a job: pickled, it is what is there at that moment.

    Attributes:
        home: The folder, which need not be there.
        parts: Folders in it, which the job works in; "." for all of it.
    """

    home: Path
    parts: tuple[str, ...] = (".",)

    def __reduce__(self) -> "tuple[type[Arrived], tuple[str, tuple[str, ...], dict[str, bytes]]]":
        found = _files(self.home, self.parts)
        contents = {name: (self.home / name).read_bytes() for name in found}
        return Arrived, (str(self.home), self.parts, contents)

    def opened(self, tell: Tell) -> AbstractContextManager[Path]:
        """Have the folder itself: the job is done here after all.

        Args:
            tell: Not used.

        Returns:
            A context that gives the folder's path.
        """
        return InPlace(self.home).opened(tell)


@dataclass(frozen=True)
class Arrived:
    """A folder on the machine of a worker.

    Attributes:
        home: The folder at home, which may be on another machine.
        parts: Folders in it, which the job works in.
        contents: Of its files.
    """

    home: str
    parts: tuple[str, ...]
    contents: Mapping[str, bytes]

    def opened(self, tell: Tell) -> AbstractContextManager[Path]:
        """Have a copy of the folder, whose files go home.

        Args:
            tell: Of the job.

        Returns:
            A context that gives the path of the copy.
        """
        return _copied(self, tell)


@contextmanager
def _copied(arrived: Arrived, tell: Tell) -> Iterator[Path]:
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=f"{COPY}{this_process()}-") as name:
        place = Path(name)
        Files(name, arrived.contents).save()
        looked, lock = _files(place, arrived.parts), threading.Lock()

        def look() -> None:
            """Send home what was written since the last look; a thread of the job may write too."""
            with lock:
                before, now = dict(looked), _files(place, arrived.parts)
                written = {file: _content(place / file) for file in now if now[file] != before.get(file)}
                removed = tuple(before.keys() - now.keys())
                looked.clear()
                looked.update(now)
                if written or removed:
                    there = {file: content for file, content in written.items() if content is not None}
                    tell(Files(arrived.home, there, removed))

        try:
            with saves_told(look):
                yield place
        finally:
            look()


def _remove_left_behind() -> None:
    """Remove the copies of workers that were killed."""
    for place in Path(tempfile.gettempdir()).glob(f"{COPY}*"):
        if is_running(place.name.removeprefix(COPY).rpartition("-")[0]) is False:
            shutil.rmtree(place, ignore_errors=True)


def _content(file: Path) -> bytes | None:
    """None where it went meanwhile: the next look says so."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _files(folder: Path, parts: tuple[str, ...]) -> dict[str, Look]:
    """The whole files in parts of a folder, in the order in which they were written."""
    found = {}
    for part in parts:
        for file in (folder / part).rglob("*"):
            if file.is_file() and not file.name.startswith(LOCK_FILE) and not is_part(file):
                with suppress(FileNotFoundError):
                    seen = file.stat()
                    found[str(file.relative_to(folder))] = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
    return dict(sorted(found.items(), key=lambda item: item[1]))
