"""How long the work in a folder has taken, over all its sessions."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.gate.texts import read_json

TIMES_FILE = "times.json"


def spent_seconds(folder: Path) -> dict[str, float]:
    """What was spent so far.

    Args:
        folder: Of a claim at a scale.

    Returns:
        Seconds by the kind of work; nothing if none was done.
    """
    try:
        stored = read_json(folder / TIMES_FILE)
        return {str(work): float(seconds) for work, seconds in stored.items()}
    except (InputError, OSError, ValueError, TypeError, AttributeError, OverflowError):
        return {}


@contextmanager
def count_time(folder: Path, work: str, *, unless: bool = False) -> Iterator[Callable[[], None]]:
    """Add the time that the block takes to what was spent, also where it fails or is interrupted.

    A process that is killed adds nothing any more, so long work says now and then that it goes on.

    Args:
        folder: Of a claim at a scale.
        work: What is done: "training" or "measuring".
        unless: Whether the work was done before, so that its time is not counted again.

    Yields:
        Adds the time until now.
    """
    begun, before = time.monotonic(), spent_seconds(folder).get(work, 0.0)

    def add() -> None:
        if unless:
            return
        spent = spent_seconds(folder) | {work: round(before + time.monotonic() - begun, 1)}
        text = json.dumps(spent) + "\n"
        save_whole(folder / TIMES_FILE, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    try:
        yield add
    finally:
        add()


def seconds_text(seconds: float) -> str:
    """A duration in words.

    Args:
        seconds: How long.

    Returns:
        Seconds below two minutes, minutes below two hours, else hours.

    Example:
        >>> [seconds_text(s) for s in (0.4, 61, 370, 8000)]
        ['under a second', '61 seconds', '6 minutes', '2.2 hours']
    """
    if seconds < 1:
        return "under a second"
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
