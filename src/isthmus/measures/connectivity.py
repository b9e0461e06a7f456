"""Layer-wise linear mode connectivity as a yes or no: Definition 3 of the paper."""

from collections.abc import Collection
from enum import StrEnum

import numpy as np

from isthmus.errors import InputError
from isthmus.measures.barrier import barrier_of
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences, num_cut_examples
from isthmus.measures.intervals.interval import critical_value
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.single import Single


class Connectivity(StrEnum):
    """The answer; it is compared as text."""

    CONNECTED = "connected"
    NOT = "not"
    UNDECIDED = "undecided"


def connectivity(
    grid: Grid, table: ExampleTable, baseline: Baseline, threshold: float, unmoved: Collection[str] = ()
) -> Connectivity:
    """Whether the error barriers of all single layers, into every host, lie at or below a threshold.

    "Connected" is a statement about every layer, so each layer's own 95 % interval serves: where one barrier is above
    the threshold, all upper ends lie below it only if this layer's own does, in at most 2.5 % of samples, however many
    layers there are (an intersection-union test; Berger, Technometrics 24, 1982). "Not" is a statement about some
    layer, found by looking at all: its band holds for all layers, hosts and alphas at once, with one critical value
    from the correlations of all of them. Where layers are known on different numbers of examples, the fewest count
    there.

    Args:
        grid: The rows, with a single-layer sweep among them.
        table: Per-example results with errors.
        baseline: What the excess is counted from.
        threshold: As a fraction of examples, in [0, 1].
        unmoved: Labels of groups whose weights are the same in both networks. If no example shows a difference either,
            nothing moves, and the group has no barrier, whatever the baseline says of the networks' difference.

    Returns:
        Connected, also where nothing moves at all; not; or undecided.

    Raises:
        InputError: The threshold is no fraction.
    """
    if not 0 <= threshold <= 1:
        raise InputError("a fraction of [0, 1]", repr(threshold), "threshold", "write 0.02 for two percent")
    cuts = [
        (grid.cut(h, m)[0], differences)
        for h, m, differences in cut_differences(grid, table, "error", baseline)
        if grid.groups[m].sweep == Single.name
        and not (grid.groups[m].label in unmoved and _shows_nothing(grid, table, h, m))
    ]
    if all(barrier_of(d, alphas, "error").estimate.high <= threshold for alphas, d in cuts):
        return Connectivity.CONNECTED
    fewest = min(d.shape[1] for _, d in cuts)
    together = [(alphas, d[:, :fewest]) for alphas, d in cuts]
    critical = critical_value(np.concatenate([d for _, d in together]))
    lowest = [barrier_of(d, alphas, "error", critical=critical).estimate.low for alphas, d in together]
    return Connectivity.NOT if any(low > threshold for low in lowest) else Connectivity.UNDECIDED


def _shows_nothing(grid: Grid, table: ExampleTable, h: int, m: int) -> bool:
    """Whether every example has the host's own loss all along a cut."""
    n = num_cut_examples(grid, table, h, m)
    host = table.loss[grid.end(grid.hosts[h]), :n]
    return bool((table.loss[grid.cut(h, m)[1], :n] == host).all())
