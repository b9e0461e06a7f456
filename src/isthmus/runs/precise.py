"""Measuring to a precision: the order of the examples, and when to stop."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from isthmus.data.examples import Examples
from isthmus.evaluation.precision import PreciseEvaluation
from isthmus.evaluation.unit import Engine, ExampleBlock
from isthmus.measures.intervals.sampled_barrier import BarrierRule, cuts_of
from isthmus.measures.intervals.sequential import looks
from isthmus.runs.folder.store import ExampleStore
from isthmus.runs.request.precision import asked_precision
from isthmus.runs.request.settings import Settings

if TYPE_CHECKING:
    from isthmus.runs.subject.subject import Subject


def drawn_order(settings: Settings, num_examples: int) -> np.ndarray | None:
    """The order in which examples are used.

    Args:
        settings: Of the measurement; `seed` fixes the order.
        num_examples: Of the split.

    Returns:
        The number in the split of each; None where all are used as they stand.
    """
    if settings.precision is None:
        return None
    return torch.randperm(num_examples, generator=torch.Generator().manual_seed(settings.seed)).numpy()


def precise_blocks(
    engine: Engine, subject: "Subject", settings: Settings, examples: Examples, store: ExampleStore
) -> Iterator[ExampleBlock]:
    """Evaluate one split as far as the precision needs.

    Args:
        engine: Evaluates points.
        subject: Points and grid.
        settings: With a precision.
        examples: Of the split, in its own order.
        store: Holds the order and the units of an interrupted run.

    Yields:
        Units to keep.
    """
    asked, grid = asked_precision(settings), subject.grid
    assert asked is not None
    assert store.order is not None
    cuts = cuts_of(grid, settings.baseline)
    precision = asked.of_split(len(examples), len(cuts))
    rule = BarrierRule(grid, settings.baseline, precision, are_equal=subject.a.hash == subject.b.hash)
    ordered = examples.take(torch.tensor(store.order))
    yield from PreciseEvaluation(engine, subject.points, ordered, cuts, rule).blocks(
        looks(len(examples)), store.known()
    )
