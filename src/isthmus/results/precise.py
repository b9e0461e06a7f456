"""What a result measured to a precision says."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.measures.barrier import Barrier
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.intervals.sampled_barrier import (
    SampledCuts,
    sampled_barrier,
    sampled_error_barrier,
)
from isthmus.measures.intervals.sampled_mean import sampled_mean, spread
from isthmus.measures.intervals.sequential import AskedPrecision
from isthmus.results.rises import Differences, IsHost, Variables, named_rises
from isthmus.sweeps.grid import Grid

ROW = ("host", "moving", "alpha")
CUT = ("host", "moving")


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
