"""The part of a result about one split, and about the examples of one class."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from isthmus.measures.averaging import HALF_WAY
from isthmus.measures.barrier import Barrier, Quantity
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, num_cut_examples
from isthmus.measures.intervals.sequential import AskedPrecision
from isthmus.measures.ratio import barrier_ratio
from isthmus.measures.robustness import robustness
from isthmus.results.cuts import Cuts, CutsOfAll, CutsOfDrawn
from isthmus.results.rises import number_variables, rise_variables, share_variables
from isthmus.results.variables import LOSS, OF, Values
from isthmus.sweeps.grid import Grid


def split_variables(grid: Grid, table: ExampleTable, baseline: Baseline, asked: AskedPrecision | None = None) -> Values:
    """Every variable of one split.

    Args:
        grid: The rows.
        table: Per-example results.
        baseline: What the excess is counted from.
        asked: The precision that the examples were drawn for; None where all were used.

    Returns:
        Name -> values; losses in nats, errors as fractions.
    """
    cuts: Cuts = CutsOfAll(grid, table, baseline) if asked is None else CutsOfDrawn(grid, table, baseline, asked)
    variables = _num_examples(grid, table)
    for quantity in table.quantities:
        variables |= _quantity_variables(grid, table, quantity, cuts)
        variables |= rise_variables(grid, table, quantity, cuts)
        if grid.directions is not None:
            variables |= direction_variables(grid, table, quantity)
    if cuts.num_population is not None:
        variables["num_end_examples"] = np.int64(table.num_examples(np.array([0, 1])))
    barrier, is_single = variables[LOSS.barrier.name], [len(group.layers) == 1 for group in grid.groups]
    ratio = barrier_ratio(barrier, barrier[:, :1], len(grid.groups[0].layers))
    # Kept in its old meaning for scripts that read it; what is shown is the share of the rise.
    variables["loss_barrier_ratio"] = np.where(is_single, ratio, np.nan)
    return variables | share_variables(grid, table, cuts.num_population)


def class_variables(grid: Grid, table: ExampleTable, baseline: Baseline) -> Values:
    """The variables of the examples of one class.

    Args:
        grid: The rows.
        table: Per-example results of this class.
        baseline: What the excess is counted from.

    Returns:
        Name -> values over (host, moving): number of examples, barriers and rises.
    """
    cuts, variables = CutsOfAll(grid, table, baseline), _num_examples(grid, table)
    for quantity in table.quantities:
        variables |= _barrier_variables(grid, quantity, cuts.barriers(quantity))
        del variables[OF[quantity].barrier.alpha]
        variables |= rise_variables(grid, table, quantity, cuts, ["rise"])
    return variables


def _num_examples(grid: Grid, table: ExampleTable) -> Values:
    counts = [[num_cut_examples(grid, table, h, m) for m in range(len(grid.groups))] for h in range(len(grid.hosts))]
    return {"num_examples": np.array(counts, dtype=np.int64)}


def _barrier_variables(grid: Grid, quantity: Quantity, barriers: Sequence[Barrier]) -> Values:
    barrier = OF[quantity].barrier
    found = number_variables(barrier, barriers, grid.rows.shape[:2])
    return dict(sorted(found.items(), key=lambda item: item[0] != barrier.effective_examples))  # as tables are stored


def _quantity_variables(grid: Grid, table: ExampleTable, quantity: Quantity, cuts: Cuts) -> Values:
    of, barriers = OF[quantity], cuts.barriers(quantity)
    excess = np.array([barrier.excess[: len(grid.alphas)] for barrier in barriers]).reshape(grid.rows.shape)
    known = table.num_examples(np.array([0, 1]))
    ends = zip(of.ends.values(), table.values(quantity)[:2], strict=True)  # the complete networks are the first points
    found = Values()
    if grid.refined is not None:
        found[of.refined_excess.name] = _refined_excess(grid, barriers)
        if HALF_WAY in grid.alphas:
            found[of.midpoint_barrier.name] = excess[..., grid.alphas.index(HALF_WAY)]
    numbers = _barrier_variables(grid, quantity, barriers)
    first = {name: values for name, values in numbers.items() if name == of.barrier.effective_examples}
    rows = {of.mean.name: cuts.means(quantity), of.excess.name: excess}
    return found | first | rows | numbers | {end.name: values[:known].mean(dtype=np.float64) for end, values in ends}


def _refined_excess(grid: Grid, barriers: Sequence[Barrier]) -> Float[np.ndarray, "host moving refined"]:
    assert grid.refined is not None
    found = np.empty(grid.refined.alphas.shape)
    for (h, m), barrier in zip(np.ndindex(*grid.rows.shape[:2]), barriers, strict=True):
        at = dict(zip(grid.cut(h, m)[0], barrier.excess, strict=True))
        found[h, m] = [at[alpha] for alpha in grid.refined.alphas[h, m]]
    return found


def direction_variables(grid: Grid, table: ExampleTable, quantity: Quantity) -> Values:
    """The variables of random directions: see `isthmus.measures.robustness.robustness`.

    Args:
        grid: The rows, with `directions`.
        table: Per-example results.
        quantity: Loss or error.

    Returns:
        Name -> values.
    """
    of, found = OF[quantity], robustness(grid, table, quantity)
    spread, ratio = {of.random_rise.spread: found.spread}, {of.rise_ratio.name: found.ratio}
    variables = {of.random_mean.name: found.random, **spread, **ratio}
    for number, rise in ((of.random_rise, found.random_rise), (of.averaging_rise, found.averaging_rise)):
        variables |= {number.name: rise.value, number.low: rise.low, number.high: rise.high}
    return variables
