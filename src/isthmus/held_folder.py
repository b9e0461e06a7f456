"""Only one process at a time works in a folder. Others are told which.

The lock is a file with the holder's name that appears at once and whole: as a hard link, whose making fails if there is
one already, also on network file systems. A lock whose process has ended is taken over. Whether it has can be seen on
the same host; a process of another host (or container) counts as ended when it has given no sign of life for a while,
by the clock of the file system: a holder touches its lock again and again. That clock may jump, so such a lock is
watched for a while before it is taken over.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from isthmus.errors import InputError
from isthmus.files import LOCK_FILE, part_of, remove_parts, unwritable
from isthmus.processes import is_running, this_process

LOG = logging.getLogger(__name__)
# Six signs in a row must be missing before a holder on another host counts as dead.
SIGN_SECONDS = 20.0
SILENCE_SECONDS = 120.0
WATCH_SECONDS = 45.0  # two signs by the clock of whoever waits, which does not jump


@dataclass(frozen=True)
class Holder:
    """Who holds a folder.

    Attributes:
        host: Name of the host.
        pid: Number of the process.
        since: When it began, UTC.
        process: From `isthmus.processes.this_process`.
        token: Of this very hold.
    """

    host: str
    pid: int
    since: str
    process: str
    token: str

    def __str__(self) -> str:
        return f"process {self.pid} on host {self.host}, which has worked there since {self.since}"


class Hold:
    """A folder that is held. `confirm` raises once another process has taken it over, or it is gone."""

    def __init__(self, folder: Path, holder: Holder) -> None:
        self.folder, self.holder = folder, holder
        self._ended = threading.Event()
        self._lost = False
        self._signs = threading.Thread(target=self._give_signs, name=f"hold of {folder.name}", daemon=True)
        self._signs.start()

    def confirm(self) -> None:
        """Refuse to go on in a folder that another process has taken over, or that is gone.

        Raises:
            InputError: This process gave no sign of life for so long that it was taken for dead.
            unwritable: The folder, or the lock in it, was removed.
        """
        try:
            (self.folder / LOCK_FILE).stat()
        except OSError as error:
            # Files written now would make a folder anew, with what came before them missing.
            raise unwritable(None if isinstance(error, FileNotFoundError) else error.errno, self.folder) from error
        if self._lost:
            found = _read(self.folder / LOCK_FILE)
            raise InputError(
                "a folder that this process holds to the end",
                f"one taken over by {(found and found.holder) or 'another process'}, since this one was paused",
                str(self.folder),
                "let the other process end, or end it and continue with --resume",
            )

    def end(self) -> None:
        """Let the folder go."""
        self._ended.set()
        self._signs.join()
        with suppress(OSError):
            found = _read(self.folder / LOCK_FILE)
            if found and found.holder == self.holder:
                (self.folder / LOCK_FILE).unlink()

    def _give_signs(self) -> None:
        while not self._ended.wait(SIGN_SECONDS):
            with suppress(OSError):
                found = _read(self.folder / LOCK_FILE)
                if found and found.holder != self.holder:
                    self._lost = True
                    return
                os.utime(self.folder / LOCK_FILE)


@contextmanager
def held_folder(folder: Path) -> Iterator[Hold]:
    """Hold a folder while the block runs, and remove the temporary files that killed processes left in it.

    The folder is made; if nothing is in it at the end, it goes again, with the folders above it that were made for it.

    Args:
        folder: Where to work.

    Yields:
        The hold.

    Raises:
        InputError: Another process holds the folder, or it can't be made or written to.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        holder = _claimed(folder / LOCK_FILE)
    except OSError as error:
        _remove_empty(made)
        raise InputError("a writable folder", str(error), str(folder), "name another --out") from error
    hold = Hold(folder, holder)
    try:
        remove_parts(folder, is_ours=True)
        yield hold
    finally:
        hold.end()
        _remove_empty(made)


def refuse_held(folder: Path) -> None:
    """Refuse a folder that another process holds, without holding it; for messages, and before anything is loaded.

    Args:
        folder: It need not be there.

    Raises:
        InputError: Another process works there.
    """
    found = _read(folder / LOCK_FILE) if folder.is_dir() else None
    if found:
        _refuse_living(found, time.time(), folder)


def living_holder(folder: Path) -> Holder | None:
    """Who works in a folder now.

    Args:
        folder: It need not be there.

    Returns:
        None where nobody does, as far as that can be seen from here.
    """
    found = _read(folder / LOCK_FILE) if folder.is_dir() else None
    if found is None or _is_dead(found, time.time()):
        return None
    return found.holder


def _claimed(lock: Path) -> Holder:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    mine = Holder(socket.gethostname(), os.getpid(), since, this_process(), uuid4().hex)
    text = part_of(lock.with_name(f"{lock.name}.{mine.token}"))
    text.write_text(json.dumps(asdict(mine)), encoding="utf-8")
    try:
        _claim(lock, text, mine)
    finally:
        text.unlink(missing_ok=True)
    return mine


def _claim(lock: Path, text: Path, mine: Holder) -> None:
    """Make the lock, or take over that of a process that has ended."""
    # Each round either makes the lock, refuses, or finds that another process changed it meanwhile.
    while not _made(lock, text):
        found = _read(lock)
        if found is None:
            continue
        if found.holder == mine:  # the link was made, but a network file system lost its answer
            return
        # The time of a file that was just touched is the file system's now; this machine's clock may be another.
        text.touch()
        _refuse_living(found, text.stat().st_mtime, lock.parent)
        _watch(lock, found)
        # Whoever holds the lock that is named after the dead one may replace it, and nobody else: so no process
        # removes a lock that another has made meanwhile.
        after = lock.with_name(f"{LOCK_FILE}.{found.holder.token if found.holder else 'nobody'}")
        _claim(after, text, mine)
        try:
            still = _read(lock)
            if still and still.holder == found.holder:
                # In one step: there is no moment without a lock.
                after.replace(lock)
                LOG.info("took over %s from %s, which has ended", lock.parent, found.holder or "another process")
                return
        finally:
            after.unlink(missing_ok=True)


def _made(lock: Path, text: Path) -> bool:
    """Whether the lock was made now, no other being there."""
    try:
        os.link(text, lock)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        try:
            with lock.open("x", encoding="utf-8") as file:
                file.write(text.read_text(encoding="utf-8"))
        except FileExistsError:
            return False
    return True


@dataclass(frozen=True)
class _Lock:
    """What a lock says, if it is readable, and when its holder gave the last sign, by the file system's clock."""

    holder: Holder | None
    signed: float


def _read(lock: Path) -> _Lock | None:
    try:
        with lock.open(encoding="utf-8") as file:
            text, signed = file.read(), os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except PermissionError:  # that of another user, whose umask says so
        return _Lock(None, lock.stat().st_mtime)
    try:
        holder = Holder(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return _Lock(None, signed)
    # A lock may have come with a stranger's folder.
    is_ours = isinstance(holder.pid, int) and all(isinstance(value, str) for value in (holder.host, holder.process))
    return _Lock(holder if is_ours else None, signed)


def _refuse_living(found: _Lock, now: float, folder: Path) -> None:
    if _is_dead(found, now):
        return
    running = is_running(found.holder.process) if found.holder else None
    silence = now - found.signed
    remedy = "wait until it ends, end it, or name another --out"
    if running is None:
        remedy += f"; if it was killed, try again in {max(1, round(SILENCE_SECONDS - silence))} s"
    raise InputError(
        "a folder that no other process works in", str(found.holder or "another process"), str(folder), remedy
    )


def _is_dead(found: _Lock, now: float) -> bool:
    """Whether a holder has ended, or is silent where that can't be seen."""
    running = is_running(found.holder.process) if found.holder else None
    return running is False or (running is None and not -SILENCE_SECONDS < now - found.signed < SILENCE_SECONDS)


def _watch(lock: Path, found: _Lock) -> None:
    """Refuse a holder on another host that gives a sign of life after all: the clock that called it silent jumped."""
    if found.holder is None or is_running(found.holder.process) is not None:
        return
    LOG.warning("%s: watching for %.0f s whether %s has ended", lock.parent, WATCH_SECONDS, found.holder)
    end = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < end:
        time.sleep(min(1.0, WATCH_SECONDS / 10))
        now = _read(lock)
        if now and now.signed != found.signed:
            _refuse_living(now, now.signed, lock.parent)
            return


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:  # the innermost first
        with suppress(OSError):  # something is in it
            folder.rmdir()
