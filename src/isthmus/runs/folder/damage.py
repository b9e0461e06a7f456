"""What a disk lost of a run: files that hold something else than was written into them."""

import warnings
from pathlib import Path

from isthmus.errors import IsthmusWarning
from isthmus.runs.folder.layout import Layout
from isthmus.sealed import is_whole, load_table


def damaged_files(folder: Path) -> list[Path]:
    """The tables of a run that are damaged.

    Args:
        folder: Of the run of two networks, or of a study that is not whole.

    Returns:
        The files, in order.
    """
    files = Layout(folder)
    tables = [*folder.glob("*.parquet"), *files.examples.rglob("*.parquet")]
    return [file for file in sorted(tables) if not is_whole(load_table, file)]


def remove_damaged(folder: Path) -> list[Path]:
    """Remove the damaged tables of a run, and say so; whoever goes on makes them again.

    Args:
        folder: As in `damaged_files`; it is held.

    Returns:
        The files.
    """
    found = damaged_files(folder)
    for file in found:
        text = f"{file.relative_to(folder)} was damaged on the disk, and is made again"
        warnings.warn(text, IsthmusWarning, stacklevel=3)
        file.unlink()
    return found
