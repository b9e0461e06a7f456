"""Per-example results: in memory, or as files of a run folder that are whole whenever they are there."""

import re
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.evaluation.block import ExampleBlock
from isthmus.files import save_whole
from isthmus.measures.examples import ExampleTable

Unit = tuple[int, int]
TARGETS = "targets.parquet"


class ExampleStore(Protocol):
    """Where the blocks of one split go."""

    def done(self) -> set[Unit]:
        """The units that are there: (first point, first example)."""

    def add(self, block: ExampleBlock) -> None:
        """Keep a finished unit.

        Args:
            block: The unit.
        """

    def table(self, num_points: int, num_examples: int) -> ExampleTable:
        """All results of the split.

        Args:
            num_points: Points of the measurement.
            num_examples: Examples of the split.
        """


class MemoryStore:
    """Blocks in memory, for measurements without a run folder."""

    def __init__(self, targets: np.ndarray | None) -> None:
        self.targets = targets
        self.blocks: dict[Unit, ExampleBlock] = {}

    def done(self) -> set[Unit]:
        """The units that are there."""
        return set(self.blocks)

    def add(self, block: ExampleBlock) -> None:
        """Keep a finished unit.

        Args:
            block: The unit.
        """
        self.blocks[block.points[0], block.start] = block

    def table(self, num_points: int, num_examples: int) -> ExampleTable:
        """All results of the split.

        Args:
            num_points: Points of the measurement.
            num_examples: Examples of the split.

        Returns:
            One table; blocks are emptied into it.
        """
        return assembled(list(self.blocks.values()), num_points, num_examples, self.targets)


class FolderStore:
    """One Parquet file a unit: columns point, example, loss and, with classes, error; sorted by point, then example."""

    def __init__(self, folder: Path, targets: np.ndarray | None) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        if targets is not None and not (folder / TARGETS).exists():
            save_parquet(pa.table({"target": targets}), folder / TARGETS)

    def done(self) -> set[Unit]:
        """The units that are there."""
        found = (re.fullmatch(r"p(\d+)-e(\d+)\.parquet", file.name) for file in self.folder.iterdir())
        return {(int(match[1]), int(match[2])) for match in found if match}

    def add(self, block: ExampleBlock) -> None:
        """Write a finished unit.

        Args:
            block: The unit.
        """
        num_points, num_examples = block.loss.shape
        examples = np.arange(block.start, block.start + num_examples, dtype=np.int64)
        columns = {
            "point": np.repeat(np.array(block.points, dtype=np.int32), num_examples),
            "example": np.tile(examples, num_points),
            "loss": block.loss.ravel(),
        }
        if block.error is not None:
            columns["error"] = block.error.ravel()
        save_parquet(pa.table(columns), self.folder / f"p{block.points[0]:06d}-e{block.start:08d}.parquet")

    def table(self, num_points: int, num_examples: int) -> ExampleTable:
        """All results of the split.

        Args:
            num_points: Points of the measurement.
            num_examples: Examples of the split.

        Returns:
            One table.
        """
        blocks = []
        for point, start in sorted(self.done()):
            columns = pq.read_table(self.folder / f"p{point:06d}-e{start:08d}.parquet")
            points = tuple(dict.fromkeys(columns["point"].to_pylist()))
            shape = (len(points), -1)
            error = columns["error"].to_numpy().reshape(shape) if "error" in columns.column_names else None
            blocks.append(ExampleBlock(points, start, columns["loss"].to_numpy().reshape(shape), error))
        file = self.folder / TARGETS
        targets = pq.read_table(file)["target"].to_numpy() if file.exists() else None
        return assembled(blocks, num_points, num_examples, targets)


def assembled(
    blocks: list[ExampleBlock], num_points: int, num_examples: int, targets: np.ndarray | None
) -> ExampleTable:
    """One table of all blocks.

    Args:
        blocks: They cover every point on every example.
        num_points: Points of the measurement.
        num_examples: Examples of the split.
        targets: Class numbers, or None.

    Returns:
        Losses in the dtype that they were computed in.
    """
    covered = sum(block.loss.size for block in blocks)
    assert covered == num_points * num_examples, f"{covered} results for {num_points} points x {num_examples} examples"
    loss = np.empty((num_points, num_examples), dtype=blocks[0].loss.dtype)
    error = None if blocks[0].error is None else np.empty((num_points, num_examples), dtype=bool)
    for block in blocks:
        place = np.ix_(block.points, range(block.start, block.start + block.loss.shape[1]))
        loss[place] = block.loss
        if error is not None:
            error[place] = block.error
    return ExampleTable(loss, error, targets)


def split_folders(splits: list[str]) -> dict[str, str]:
    """A folder name for each split: its name with odd characters replaced, numbered where two would meet.

    Args:
        splits: Names of the splits.

    Returns:
        Split -> name of its folder under `examples/`.
    """
    folders: dict[str, str] = {}
    for split in splits:
        slug = re.sub(r"[^A-Za-z0-9_]+", "-", split).strip("-") or "data"
        folders[split] = slug if slug not in folders.values() else f"{slug}-{len(folders)}"
    return folders


def save_parquet(table: pa.Table, path: Path) -> None:
    """Write a Parquet file that is whole if it is there.

    Args:
        table: Columns.
        path: Where.
    """
    save_whole(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))
