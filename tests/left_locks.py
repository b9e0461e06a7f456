"""What a process leaves in a folder that is killed while it holds it."""

import json
from pathlib import Path

from isthmus.files import LOCK_FILE
from isthmus.processes import this_process

DEAD = "-".join([*this_process().split("-")[:2], "1"])
"""A process of this machine with this one's number, which began long ago: it has ended."""


def leave_lock(folder: Path) -> None:
    """Lock a folder in the name of the dead process."""
    facts = {"host": "", "pid": 1, "since": "", "process": DEAD, "token": "0"}
    (folder / LOCK_FILE).write_text(json.dumps(facts))
