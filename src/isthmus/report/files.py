"""A file appears whole or not at all."""

import os
from pathlib import Path


def save_bytes(path: Path, content: bytes) -> None:
    """Writes to a temporary name beside the file, flushes it to the disk and renames it.

    Args:
        path: Where the file shall be; its folder is made if it is not there.
        content: What it shall hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
