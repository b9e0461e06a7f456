"""The two networks with their stored running statistics, where a measurement recalibrates them."""

from collections.abc import Mapping

import numpy as np
import torch

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.measures.examples import ExampleTable
from isthmus.runs.folder.record import StoredRecord
from isthmus.runs.subject.subject import Subject


def losses_as_stored(subject: Subject, tables: Mapping[str, ExampleTable], size: BatchSize) -> tuple[StoredRecord, ...]:
    """Mean losses and error rates of the two networks as they are stored.

    Args:
        subject: What is measured.
        tables: Split -> results; the same examples are used.
        size: Examples at once.

    Returns:
        One record a split; none where nothing is recalibrated.
    """
    if subject.recalibration is None:
        return ()
    return tuple(_of_split(name, _used(subject.splits[name], table), subject, size) for name, table in tables.items())


def _used(examples: Examples, table: ExampleTable) -> Examples:
    """The examples that the recalibrated networks were evaluated on."""
    if table.counts is None or table.order is None:
        return examples
    return examples.take(torch.tensor(table.order[: int(table.counts[0])]))


def _of_split(name: str, examples: Examples, subject: Subject, size: BatchSize) -> StoredRecord:
    segment = subject.segment
    ends = [segment.point("a", (), 0.0), segment.point("b", (), 0.0)]
    blocks = list(DirectEngine(subject.network, segment, size).blocks(ends, examples, set()))
    losses = [float(block.loss.astype(np.float64).mean()) for block in blocks]
    errors = [None if block.error is None else float(block.error.astype(np.float64).mean()) for block in blocks]
    return StoredRecord(
        split=name,
        num_examples=len(examples),
        loss_a=losses[0],
        loss_b=losses[1],
        error_a=errors[0],
        error_b=errors[1],
    )
