"""Measuring to a precision: which examples come first, when to stop, and what the result says."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from isthmus.data.examples import Examples
from isthmus.evaluation.block import Engine, ExampleBlock
from isthmus.evaluation.precision import PreciseEvaluation
from isthmus.measures.barrier import Barrier
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.sampled_barrier import BarrierRule, SampledCuts, cuts_of, sampled_barrier, sampled_error_barrier
from isthmus.measures.sampled_mean import sampled_mean, spread
from isthmus.measures.sequential import AskedPrecision, looks
from isthmus.runs.rises import Differences, IsHost, Variables, named_rises
from isthmus.runs.settings import Settings
from isthmus.runs.store import ExampleStore
from isthmus.sweeps.grid import Grid

if TYPE_CHECKING:
    from isthmus.runs.subject import Subject

ROW = ("host", "moving", "alpha")
CUT = ("host", "moving")


def asked_precision(settings: Settings) -> AskedPrecision | None:
    """The precision that was asked.

    Args:
        settings: Of the measurement.

    Returns:
        None where all examples are used.
    """
    return None if settings.precision is None else AskedPrecision(settings.precision, settings.simultaneous)


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
    rule = BarrierRule(grid, settings.baseline, asked.of_split(len(examples), len(cuts)))
    ordered = examples.take(torch.tensor(store.order))
    yield from PreciseEvaluation(engine, subject.points, ordered, cuts, rule).blocks(
        looks(len(examples)), store.known()
    )


def precise_variables(
    grid: Grid, table: ExampleTable, baseline: Baseline, asked: AskedPrecision
) -> dict[str, tuple[tuple[str, ...], Any]]:
    """The variables of one split that a precision changes: losses, their barriers and rises, and the errors' intervals.

    Losses, rises, excesses and the losses of the complete networks fit together, though these may be known on more
    examples. Error rates are those of the examples used for the cut.

    Args:
        grid: The rows.
        table: Per-example results in the order in which the examples were drawn.
        baseline: What the excess is counted from.
        asked: The precision.

    Returns:
        Name -> (dimensions, values).
    """
    assert table.order is not None
    N = len(table.order)
    precision = asked.of_split(N, len(grid.hosts) * len(grid.groups))
    sampled = SampledCuts(grid, table, baseline, N)
    cuts = [sampled.cut(h, m) for h, m in np.ndindex(*grid.rows.shape[:2])]
    barriers = [sampled_barrier(cut.excess, cut.excesses, grid.alphas, precision) for cut in cuts]

    def estimated(rises: Differences, alphas: Sequence[float], is_host: IsHost) -> Barrier:
        means = sampled_mean(rises, spread(rises, sampled.usual_rise, is_host), N)
        return sampled_barrier(means, rises, alphas, precision)

    found: Variables = {
        "loss": (ROW, np.array([cut.loss for cut in cuts]).reshape(grid.rows.shape)),
        **_barrier_variables("loss", barriers, grid),
        **named_rises(grid, cut_differences(grid, table, "loss", "host"), estimated, "loss"),
        "num_end_examples": ((), np.int64(table.num_examples(np.array([0, 1])))),
    }
    if table.error is not None:
        errors = [
            sampled_error_barrier(differences, grid.alphas, precision)
            for _, _, differences in cut_differences(grid, table, "error", baseline)
        ]
        found |= _barrier_variables("error", errors, grid)
        found |= named_rises(
            grid,
            cut_differences(grid, table, "error", "host"),
            lambda differences, alphas, _: sampled_error_barrier(differences, alphas, precision),
            "error",
        )
    return found


def _barrier_variables(quantity: str, barriers: list[Barrier], grid: Grid) -> dict[str, tuple[tuple[str, ...], Any]]:
    names = {
        "value": f"{quantity}_barrier",
        "low": f"{quantity}_barrier_low",
        "high": f"{quantity}_barrier_high",
        "alpha": f"alpha_at_{quantity}_barrier",
        "at_end": f"{quantity}_barrier_at_end",
    }
    cuts = grid.rows.shape[:2]
    excess = np.array([barrier.excess for barrier in barriers]).reshape(grid.rows.shape)
    found: dict[str, tuple[tuple[str, ...], Any]] = {f"{quantity}_excess": (ROW, excess)}
    for field, name in names.items():
        found[name] = (CUT, np.array([getattr(barrier, field) for barrier in barriers]).reshape(cuts))
    if quantity == "loss":
        numbers = np.array([barrier.effective_examples for barrier in barriers])
        found["loss_barrier_effective_examples"] = (CUT, numbers.reshape(cuts))
    return found
