"""Layer-wise linear mode connectivity as a yes or no: Definition 3 of the paper."""

from enum import StrEnum

import numpy as np

from isthmus.errors import InputError
from isthmus.measures.barrier import barrier_of
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.interval import critical_value
from isthmus.sweeps.grid import Grid


class Connectivity(StrEnum):
    """The answer; it is compared as text."""

    CONNECTED = "connected"
    NOT = "not"
    UNDECIDED = "undecided"


def connectivity(grid: Grid, table: ExampleTable, baseline: Baseline, threshold: float) -> Connectivity:
    """Whether the error barriers of all single layers, into every host, lie at or below a threshold.

    The intervals hold for all layers, hosts and alphas at once with 95 % confidence: one critical value is taken from
    the correlations of all of them. Where layers are known on different numbers of examples, the fewest count.

    Args:
        grid: The rows, with a single-layer sweep among them.
        table: Per-example results with errors.
        baseline: What the excess is counted from.
        threshold: As a fraction of examples, in [0, 1].

    Returns:
        Connected, not, or undecided.

    Raises:
        InputError: The threshold is no fraction.
    """
    if not 0 <= threshold <= 1:
        raise InputError("a fraction of [0, 1]", repr(threshold), "threshold", "write 0.02 for two percent")
    single = {m for m, group in enumerate(grid.groups) if group.sweep == "single"}
    found = [(h, m, d) for h, m, d in cut_differences(grid, table, "error", baseline) if m in single]
    fewest = min(d.shape[1] for _, _, d in found)
    cuts = [(grid.cut(h, m)[0], d[:, :fewest]) for h, m, d in found]
    critical = critical_value(np.concatenate([d for _, d in cuts]))
    barriers = [barrier_of(d, alphas, "error", critical=critical) for alphas, d in cuts]
    if all(barrier.high <= threshold for barrier in barriers):
        return Connectivity.CONNECTED
    return Connectivity.NOT if any(barrier.low > threshold for barrier in barriers) else Connectivity.UNDECIDED
