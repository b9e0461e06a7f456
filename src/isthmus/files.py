"""Files that are whole whenever they are there."""

import os
from collections.abc import Callable
from pathlib import Path


def save_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    Whoever finds the file finds all of it; whoever stops the program leaves at most a temporary name behind.

    Args:
        path: The file to make; its folder is made too.
        write: Writes to the path that it is given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_bytes(path: Path, content: bytes) -> None:
    """Write a file as `save_whole` does.

    Args:
        path: The file to make.
        content: All of it.
    """
    save_whole(path, lambda temporary: temporary.write_bytes(content))
