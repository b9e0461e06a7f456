"""The variables of a result that say what averaging costs each host."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from isthmus.measures.averaging import Rise, averaging_alpha, rise_rows, rises_asked
from isthmus.measures.barrier import Barrier, Quantity, barrier_of
from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable, cut_differences
from isthmus.measures.ratio import rise_share
from isthmus.sweeps.grid import Grid

CUT = ("host", "moving")
FIELDS = {"value": "", "low": "_low", "high": "_high"}
CARRIERS = {"effective_examples": "_effective_examples"}
SHARES = ("loss_rise_share", "loss_rise_share_low", "loss_rise_share_high")
Variables = dict[str, tuple[tuple[str, ...], Any]]
Differences = Float[np.ndarray, "alphas n"]
IsHost = Bool[np.ndarray, " alphas"]


def rise_variables(
    grid: Grid, table: ExampleTable, quantity: Quantity, rises: Sequence[Rise] | None = None
) -> Variables:
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
        rises: Which of them; None for all that the grid can tell apart.

    Returns:
        Name -> (dimensions, values).
    """
    return named_rises(
        grid,
        cut_differences(grid, table, quantity, "host"),
        lambda differences, alphas, _: barrier_of(differences, alphas, quantity),
        quantity,
        rises,
    )


def named_rises(
    grid: Grid,
    cuts: Iterable[tuple[int, int, Differences]],
    estimated: Callable[[Differences, Sequence[float], IsHost], Barrier],
    quantity: Quantity,
    rises: Sequence[Rise] | None = None,
) -> Variables:
    """The rises of every cut under their names.

    Args:
        grid: The rows.
        cuts: Number of the host, number of the moving group, excess of every example over the baseline `host`.
        estimated: From some rows of these, their alphas and whether each is the host itself, to the largest of their
            means with its interval.
        quantity: Loss or error.
        rises: Which of them; None for all that the grid can tell apart.

    Returns:
        Name -> (dimensions, values); NaN where the grid has no alpha for a rise.
    """
    shape, found = grid.rows.shape[:2], {}
    wanted = rises_asked(grid.alphas) if rises is None else rises
    fields = FIELDS | CARRIERS if quantity == "loss" else FIELDS
    for rise in wanted:
        for end in fields.values():
            found[f"{quantity}_{rise}{end}"] = np.full(shape, np.nan)
    if "largest_rise" in wanted:
        found[f"alpha_at_{quantity}_largest_rise"] = np.full(shape, np.nan)
    for h, m, differences in cuts:
        positions, points = grid.cut(h, m)
        is_host = points == grid.end(grid.hosts[h])
        for rise in wanted:
            rows = rise_rows(rise, positions, grid.alphas)
            if not rows:
                continue
            one = estimated(differences[rows], [positions[row] for row in rows], is_host[rows])
            for field, end in fields.items():
                found[f"{quantity}_{rise}{end}"][h, m] = getattr(one, field)
            if rise == "largest_rise":
                found[f"alpha_at_{quantity}_largest_rise"][h, m] = one.alpha
    return {name: (CUT, values) for name, values in found.items()}


def share_variables(grid: Grid, table: ExampleTable, num_population: int | None = None) -> Variables:
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
    shape, num_layers = grid.rows.shape[:2], len(grid.groups[0].layers)
    found = {name: np.full(shape, np.nan) for name in SHARES}
    alpha = averaging_alpha(grid.alphas)
    single = [m for m, group in enumerate(grid.groups) if len(group.layers) == 1 and m > 0]
    if np.isnan(alpha):
        single = []
    for h, host in enumerate(grid.hosts):
        for m in single:
            k = grid.alphas.index(alpha)
            points = np.array([grid.end(host), grid.rows[h, 0, k], grid.rows[h, m, k]])
            known = table.loss[points, : table.num_examples(points)].astype(np.float64)
            with np.errstate(invalid="ignore"):
                full, layer = known[1:] - known[0]
            r = rise_share(layer, full, num_layers)
            if known.shape[1] == num_population:
                r = Estimate.exact(r.value)
            for name, value in zip(SHARES, (r.value, r.low, r.high), strict=True):
                found[name][h, m] = value
    return {name: (CUT, values) for name, values in found.items()}
