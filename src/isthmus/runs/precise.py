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
from isthmus.measures.control_variate import Controls, controlled_mean, controls_of
from isthmus.measures.controlled_barrier import (
    BarrierRule,
    controlled_barrier,
    cut_mean,
    cuts_of,
    known_controls,
    sampled_error_barrier,
)
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.sequential import AskedPrecision, Precision, looks
from isthmus.runs.rises import Differences, Variables, named_rises
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
    """The variables of one split that a precision changes: losses, their barriers, and the intervals of the errors'.

    Losses are estimated with the complete networks' losses as control variates, and `loss` is the estimated excess plus
    the baseline on all examples on which these are known. Error rates are those of the examples used for the cut.

    Args:
        grid: The rows.
        table: Per-example results in the order in which the examples were drawn.
        baseline: What the excess is counted from.
        asked: The precision.

    Returns:
        Name -> (dimensions, values).
    """
    assert table.order is not None
    precision = asked.of_split(len(table.order), len(grid.hosts) * len(grid.groups))
    controls = known_controls(table)
    cuts = [(h, m) for h in range(len(grid.hosts)) for m in range(len(grid.groups))]
    means = [cut_mean(grid, table, baseline, h, m) for h, m in cuts]
    barriers = [controlled_barrier(mean, controls, grid.alphas, precision) for mean in means]
    losses = np.array([cut_mean(grid, table, None, h, m).mean(controls) for h, m in cuts])
    found: dict[str, tuple[tuple[str, ...], Any]] = {
        "loss": (ROW, losses.reshape(grid.rows.shape)),
        **_barrier_variables("loss", barriers, grid),
        **_loss_rises(grid, table, controls, precision),
        "num_end_examples": ((), np.int64(controls.num_examples)),
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
            lambda differences, alphas: sampled_error_barrier(differences, alphas, precision),
            "error",
        )
    return found


def _loss_rises(grid: Grid, table: ExampleTable, controls: Controls, precision: Precision) -> Variables:
    def estimated(differences: Differences, alphas: Sequence[float]) -> Barrier:
        own = controls_of(*table.loss[:2, : differences.shape[1]].astype(np.float64))
        return controlled_barrier(controlled_mean(differences, own), controls, alphas, precision)

    return named_rises(grid, cut_differences(grid, table, "loss", "host"), estimated, "loss")


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
