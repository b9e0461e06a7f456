"""Which process wrote something, and whether it still runs: a process is told from a later one of the same number."""

import os
import socket
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

UNKNOWN = ""
PROC = Path("/proc")


def this_process() -> str:
    """The identity of this process, in characters that a file name may have.

    Returns:
        Place, number and start, joined by "-": the place stands for host name, boot and process namespace, in which
        alone the number means something; the start is counted by the system, and empty where it does not say.
    """
    return f"{_place()}-{os.getpid()}-{_start(os.getpid()) or UNKNOWN}"


def is_running(identity: str) -> bool | None:
    """Whether the process of an identity still runs.

    Args:
        identity: From `this_process`, of any process anywhere.

    Returns:
        None where that cannot be seen from here: the process belongs to another host, boot or namespace, or the text
        is no identity.
    """
    place, number, start = (identity.split("-") + [UNKNOWN] * 3)[:3]
    if place != _place() or not number.isdecimal() or sys.platform == "win32":  # there, signal 0 is no question
        return None
    found = _start(int(number))
    if start != UNKNOWN and found is not None:
        return found == start
    if start != UNKNOWN or not _is_there(int(number)):
        return False
    return None  # there is a process of that number, perhaps another one


def num_cores() -> int:
    """How many cores this process may use.

    Returns:
        At least 1.
    """
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


@cache
def _place() -> str:
    boot = PROC / "sys/kernel/random/boot_id"
    space = PROC / "self/ns/pid"
    # A host's name is not enough: the boot tells restarts apart, the namespace of processes containers.
    facts = [
        socket.gethostname(),
        boot.read_text().strip() if boot.is_file() else UNKNOWN,
        str(space.readlink()) if space.is_symlink() else UNKNOWN,
    ]
    return sha256("\0".join(facts).encode()).hexdigest()[:8]


def _start(number: int) -> str | None:
    """When a process began, in clock ticks since the boot; None if it has ended, or where the system does not say."""
    try:
        text = (PROC / str(number) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the command's name stands in brackets and may hold anything
    is_dead = fields[0] in {"Z", "X"}  # ended, but nobody asked for its status yet
    # The start time is field 22 of proc(5), and the state, field 3, comes first here.
    return None if is_dead else fields[19]


def _is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):  # no system numbers a process so high
        return False
    except PermissionError:
        return True
    return True
