"""The variables of a result that say what averaging costs each host."""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from isthmus.measures.averaging import RiseName, averaging_alpha, rise_rows, rises_asked
from isthmus.measures.barrier import Barrier, Quantity
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.ratio import rise_share
from isthmus.results.cuts import Cuts
from isthmus.results.variables import OF, Number, Values
from isthmus.sweeps.grid import Grid

ENDS = ("value", "low", "high")
UNKNOWN = Barrier.unknown(np.empty(0))


def number_variables(number: Number, found: Sequence[Barrier], shape: Sequence[int]) -> Values:
    """One number of every cut, and those beside it.

    Args:
        number: The variable.
        found: One a cut, host by host.
        shape: Numbers of hosts and of moving groups.

    Returns:
        Name -> values over (host, moving).
    """
    names = {"value": number.name, **number.beside}
    fields = {name: f"estimate.{field}" if field in ENDS else field for field, name in names.items()}
    return {name: np.array(list(map(attrgetter(field), found))).reshape(shape) for name, field in fields.items()}


def rise_variables(
    grid: Grid, table: ExampleTable, quantity: Quantity, cuts: Cuts, rises: Sequence[RiseName] | None = None
) -> Values:
    """What averaging costs: the rise over the host's own loss or error, whatever the baseline of the barriers.

    - `loss_rise`: at the alpha between host and donor that is nearest to half-way (the coordinate `rise_alpha`);
    - `loss_largest_rise`, `alpha_at_loss_largest_rise`: the largest one strictly between host and donor, where the grid
      has several such alphas;
    - `loss_exchange_rise`: at alpha = 1, where the moving layers are the donor's and nothing is averaged, where the
      grid holds 1.

    Each has `_low` and `_high`, its 95 % interval paired on examples, and `_effective_examples`
    (`isthmus.measures.intervals.effective_examples`); the same of the error, but for the last.

    Args:
        grid: The rows.
        table: Per-example results.
        quantity: Loss or error.
        cuts: How they are estimated.
        rises: Which of them; None for all that the grid can tell apart.

    Returns:
        Name -> values over (host, moving); NaN where the grid has no alpha for a rise.
    """
    numbers = {rise: OF[quantity].rises[rise] for rise in (rises_asked(grid.alphas) if rises is None else rises)}
    found: dict[RiseName, list[Barrier]] = {rise: [] for rise in numbers}
    for h, m, rises_of_cut in cut_differences(grid, table, quantity, "host"):
        for rise in numbers:
            rows = rise_rows(rise, grid.cut(h, m)[0], grid.alphas)
            found[rise].append(cuts.largest(quantity, h, m, rises_of_cut, rows) if rows else UNKNOWN)
    variables: Values = {}
    for rise, number in numbers.items():
        variables |= number_variables(number, found[rise], grid.rows.shape[:2])
    alphas = {number.alpha for number in numbers.values()}
    return dict(sorted(variables.items(), key=lambda item: item[0] in alphas))  # as the columns of stored tables stand


def share_variables(grid: Grid, table: ExampleTable, num_population: int | None = None) -> Values:
    """r_i = s R_i / R_full of single layers (`isthmus.measures.ratio.rise_share`), with its interval.

    Args:
        grid: The rows; the first group holds all layers.
        table: Per-example results. Where cuts are known on different numbers of examples, r is that of the examples
            that the layer and the full network have in common.
        num_population: How many examples there are to know, where the intervals speak of these very examples: known on
            all of them, r has no width.

    Returns:
        `loss_rise_share`, `_low` and `_high`; NaN for the full network and for groups of several layers.
    """
    num_layers, alpha = len(grid.groups[0].layers), averaging_alpha(grid.alphas)
    found = np.full((3, *grid.rows.shape[:2]), np.nan)
    # Group 0 is the full network, also where that has a single layer.
    single = [m for m, group in enumerate(grid.groups) if len(group.layers) == 1 and m > 0]
    for h, host in enumerate(grid.hosts):
        for m in [] if np.isnan(alpha) else single:
            k = grid.alphas.index(alpha)
            points = np.array([grid.end(host), grid.rows[h, 0, k], grid.rows[h, m, k]])
            known = table.loss[points, : table.num_examples(points)].astype(np.float64)
            with np.errstate(invalid="ignore"):
                full, layer = known[1:] - known[0]
            r = rise_share(layer, full, num_layers)
            # Known on the whole data set, of which the interval would speak, the share is exact.
            found[:, h, m] = (r.value,) * 3 if known.shape[1] == num_population else (r.value, r.low, r.high)
    return dict(zip(("loss_rise_share", "loss_rise_share_low", "loss_rise_share_high"), found, strict=True))
