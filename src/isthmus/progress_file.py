"""`progress.jsonl`: how far the work in a folder is, for programs that look at it, and for `isthmus status`.

A line is a JSON object. The first of a session says what is done (`"event": "begin"`, kind, unit, done, of, host, pid,
UTC time); then comes at most one a second (`"event": "progress"`, done, seconds, and what the work says of itself), the
seconds from a clock that does not jump. The file goes when the work is whole: what stays in a folder holds no times.
"""

import json
import math
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROGRESS_FILE = "progress.jsonl"
MOST_OFTEN_SECONDS = 1.0
WRITTEN: dict[str, dict[str, Any]] = {
    "begin": {"kind": str, "unit": str, "done": int, "of": int | None, "host": str, "pid": int, "time": str},
    "progress": {"done": int, "seconds": int | float},
    "end": {},
}
"""Event -> what a line of it holds at least, and of which type."""


class ProgressFile:
    """Says how far the work in a folder is. A full disk stops the work and its files, never this.

    Args:
        folder: Where the work is; None says nothing.
        kind: Of work, such as "measure".
        unit: What is counted, such as "losses".
        done: How many were there when this session began.
        of: How many there will be; None where that is not known.
    """

    def __init__(self, folder: Path | None, kind: str, unit: str, *, done: int = 0, of: int | None = None) -> None:
        self._file = None if folder is None else folder / PROGRESS_FILE
        self._begun, self._last, self._done = time.monotonic(), -MOST_OFTEN_SECONDS, done
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        who = {"host": socket.gethostname(), "pid": os.getpid(), "time": now}
        self._write({"event": "begin", "kind": kind, "unit": unit, "done": done, "of": of, **who})

    def advance(self, count: int, **facts: Any) -> None:
        """More is done.

        Args:
            count: How many units.
            facts: What else to say, such as a loss; a line with facts is never left out.
        """
        self._done += count
        seconds = time.monotonic() - self._begun
        if facts or seconds - self._last >= MOST_OFTEN_SECONDS:
            self._last = seconds
            self._write({"event": "progress", "done": self._done, "seconds": round(seconds, 3), **facts})

    def _write(self, values: dict[str, Any]) -> None:
        if self._file is not None:
            _append(self._file, values)


def end_progress(folder: Path) -> None:
    """Remove the file of a folder: its work is whole, or about to be said so.

    Args:
        folder: Of the work.
    """
    file = folder / PROGRESS_FILE
    if file.exists():
        _append(file, {"event": "end"})  # for programs that follow it
        with suppress(OSError):
            file.unlink()


def _append(file: Path, values: dict[str, Any]) -> None:
    strict = {name: _or_null(value) for name, value in values.items()}
    with suppress(OSError), file.open("a", encoding="utf-8") as opened:
        # A killed process may have left half a line.
        opened.write(("\n" if opened.tell() and values["event"] == "begin" else "") + json.dumps(strict) + "\n")


def _or_null(value: Any) -> Any:
    """JSON has no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def load_progress(folder: Path) -> list[dict[str, Any]]:
    """What was said of the work in a folder.

    Args:
        folder: Any.

    Returns:
        The lines, of all sessions; none where there is no such file. Half a line is left out, and one that holds
        something else than is written here.
    """
    try:
        texts = (folder / PROGRESS_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    lines = []
    for text in texts:
        with suppress(ValueError, RecursionError):
            values = json.loads(text)
            if _is_written_here(values):
                lines.append(values)
    return lines


def _is_written_here(values: Any) -> bool:
    """Whether a line can be counted with: the file may have come with a stranger's folder."""
    fields = WRITTEN.get(str(values.get("event"))) if isinstance(values, dict) else None
    if fields is None or not all(isinstance(values.get(name), kind) for name, kind in fields.items()):
        return False
    # Sums of floats with larger integers fail; NaN is not below either.
    return all(abs(value) < 2**63 for value in values.values() if isinstance(value, int | float))
