"""How the loss rises along random directions, compared with the averaging direction."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.barrier import Quantity
from isthmus.measures.estimates import Estimates
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.sweeps.grid import Grid

Cells = Float[np.ndarray, "host moving fraction"]


@dataclass(frozen=True)
class Robustness:
    """Random directions and the averaging direction, at equal lengths.

    Attributes:
        random: Mean loss (nats) or error rate of each draw.
        random_rise: Mean over draws of the rise over the host; its interval speaks of the examples, for these draws.
        spread: Standard deviation of the rise over draws (n - 1); NaN for a single one.
        averaging_rise: The rise along the averaging direction.
        ratio: Averaging rise over mean random rise; NaN where the latter is zero.
    """

    random: Float[np.ndarray, "host moving draw fraction"]
    random_rise: Estimates
    spread: Cells
    averaging_rise: Estimates
    ratio: Cells


def robustness(grid: Grid, table: ExampleTable, quantity: Quantity) -> Robustness:
    """The rise along random directions of exactly the moving layers' length, and along the averaging direction.

    With v_i(w) the loss or error of example i, host W, and random points W + t g_k of draw k = 1..K at fraction t: the
    rise is (1/n) sum_i (1/K) sum_k [v_i(W + t g_k) - v_i(W)] (Adilova et al., ICLR 2024, Figure 4).

    Args:
        grid: The rows, with `directions`.
        table: Per-example results on all examples.
        quantity: Loss or error.

    Returns:
        Nats, or fractions of the examples.
    """
    rows = grid.directions
    assert rows is not None
    values = table.values(quantity)
    means = values.mean(axis=1, dtype=np.float64)[rows.random]
    cuts = [(h, m) for h in range(len(grid.hosts)) for m in range(len(grid.groups))]
    shape = rows.averaging.shape

    def rise(differences: list[Float[np.ndarray, "fraction n"]]) -> Estimates:
        # A difference of two errors, and a mean of such, lies in [-1, 1].
        reach = 1.0 if quantity == "error" else None
        return Estimates.of((paired_mean(row, reach) for cut in differences for row in cut), shape)

    def host_values(h: int) -> Float[np.ndarray, " n"]:
        return np.asarray(values[grid.end(grid.hosts[h])], dtype=np.float64)

    averaging = rise([values[rows.averaging[h, m]] - host_values(h) for h, m in cuts])
    random = rise([values[rows.random[h, m]].mean(axis=0, dtype=np.float64) - host_values(h) for h, m in cuts])
    num_draws = rows.random.shape[2]
    spread = means.std(axis=2, ddof=1) if num_draws > 1 else np.full(shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(random.value == 0, np.nan, averaging.value / random.value)
    return Robustness(means, random, spread, averaging, ratio)
