"""Per-example results, in memory or as files of a run folder. A file that is there is whole."""

from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.evaluation.unit import ExampleBlock, Unit
from isthmus.measures.examples import ExampleTable
from isthmus.runs.folder.layout import SplitLayout
from isthmus.sealed import load_table, save_table


@runtime_checkable
class ExampleStore(Protocol):
    """Where the blocks of one split go."""

    @property
    def order(self) -> np.ndarray | None:
        """The number in the split of each example, where points are evaluated in another order."""

    def done(self) -> set[Unit]:
        """The units that are there: (first point, first example)."""

    def known(self) -> dict[Unit, ExampleBlock]:
        """The units that are there, with their results."""

    def num_values(self) -> int:
        """How many losses the units that are there hold."""

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
    """Blocks in memory, for measurements without a run folder.

    Attributes:
        targets: Class numbers in the order of the split, or None.
        blocks: By unit.
    """

    def __init__(self, targets: np.ndarray | None, order: np.ndarray | None = None) -> None:
        self.targets = targets
        self._order = order
        self.blocks: dict[Unit, ExampleBlock] = {}

    @property
    def order(self) -> np.ndarray | None:
        """The number in the split of each example, where points are evaluated in another order."""
        return self._order

    def done(self) -> set[Unit]:
        """The units that are there."""
        return set(self.blocks)

    def known(self) -> dict[Unit, ExampleBlock]:
        """The units that are there, with their results."""
        return dict(self.blocks)

    def num_values(self) -> int:
        """How many losses the units that are there hold."""
        return sum(block.loss.size for block in self.blocks.values())

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
            One table.
        """
        return table_of_blocks(list(self.blocks.values()), num_points, num_examples, self.targets, self.order)


class FolderStore:
    """One Parquet file a unit: columns point, example, loss and, with classes, error; sorted by point, then example.

    Where points are evaluated in another order than the split's, `example` counts in that order, and `order.parquet`
    holds the number in the split of each.
    """

    def __init__(self, files: SplitLayout, targets: np.ndarray | None, order: np.ndarray | None = None) -> None:
        self.files = files
        files.folder.mkdir(parents=True, exist_ok=True)
        if targets is not None and not files.targets.exists():
            save_table(pa.table({"target": targets}), files.targets)
        if order is not None and not files.order.exists():
            save_table(pa.table({"example": order}), files.order)

    @property
    def order(self) -> np.ndarray | None:
        """The number in the split of each example, where points are evaluated in another order."""
        file = self.files.order
        return load_table(file)["example"].to_numpy() if file.exists() else None

    def known(self) -> dict[Unit, ExampleBlock]:
        """The units that are there, with their results."""
        return {unit: self._block(*unit) for unit in sorted(self.done())}

    def done(self) -> set[Unit]:
        """The units that are there."""
        return self.files.units()

    def num_values(self) -> int:
        """How many losses the units that are there hold."""
        return sum(pq.read_metadata(self.files.unit(*unit)).num_rows for unit in self.done())

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
        save_table(pa.table(columns), self.files.unit(block.points[0], block.start))

    def table(self, num_points: int, num_examples: int) -> ExampleTable:
        """All results of the split.

        Args:
            num_points: Points of the measurement.
            num_examples: Examples of the split.

        Returns:
            One table.
        """
        blocks = list(self.known().values())
        file = self.files.targets
        targets = load_table(file)["target"].to_numpy() if file.exists() else None
        return table_of_blocks(blocks, num_points, num_examples, targets, self.order)

    def _block(self, point: int, start: int) -> ExampleBlock:
        columns = load_table(self.files.unit(point, start))
        points = tuple(dict.fromkeys(columns["point"].to_pylist()))
        shape = (len(points), -1)
        error = columns["error"].to_numpy().reshape(shape) if "error" in columns.column_names else None
        return ExampleBlock(points, start, columns["loss"].to_numpy().reshape(shape), error)


def table_of_blocks(
    blocks: list[ExampleBlock],
    num_points: int,
    num_examples: int,
    targets: np.ndarray | None,
    order: np.ndarray | None = None,
) -> ExampleTable:
    """One table of all blocks.

    Args:
        blocks: They cover every point on every example; with an order of their own each on some of the first. Those of
            later points are left out.
        num_points: Points of the measurement.
        num_examples: Examples of the split.
        targets: Class numbers in the order of the split, or None.
        order: The number in the split of each example, where points are evaluated in another order.

    Returns:
        Losses in the dtype that they were computed in.
    """
    # A run that goes on may hold points of later rounds of refinement already.
    blocks = [block for block in blocks if block.points[0] < num_points]
    if order is not None:
        return _partial(blocks, num_points, num_examples, targets, order)
    covered = sum(block.loss.size for block in blocks)
    assert covered == num_points * num_examples, f"{covered} results for {num_points} points x {num_examples} examples"
    loss = np.empty((num_points, num_examples), dtype=blocks[0].loss.dtype)
    error = None if blocks[0].error is None else np.empty((num_points, num_examples), dtype=blocks[0].error.dtype)
    for block in blocks:
        place = np.ix_(block.points, range(block.start, block.start + block.loss.shape[1]))
        loss[place] = block.loss
        if error is not None:
            error[place] = block.error
    return ExampleTable(loss, error, targets)


def _partial(
    blocks: list[ExampleBlock], num_points: int, num_examples: int, targets: np.ndarray | None, order: np.ndarray
) -> ExampleTable:
    counts, ends = np.zeros(num_points, dtype=np.int64), np.zeros(num_points, dtype=np.int64)
    loss = np.full((num_points, num_examples), np.nan, dtype=blocks[0].loss.dtype)
    # Zeros, since truth values have no NaN; the counts say what is known.
    error = None if blocks[0].error is None else np.zeros((num_points, num_examples), dtype=blocks[0].error.dtype)
    for block in blocks:
        numbers, stop = list(block.points), block.start + block.loss.shape[1]
        counts[numbers] += stop - block.start
        ends[numbers] = np.maximum(ends[numbers], stop)
        loss[numbers, block.start : stop] = block.loss
        if error is not None:
            error[numbers, block.start : stop] = block.error
    assert (counts == ends).all(), "every point is known on some of the first examples"
    return ExampleTable(loss, error, None if targets is None else targets[order], counts, order)
