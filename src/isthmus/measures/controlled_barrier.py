"""Barriers of cuts known on different numbers of examples, and the rule that says when they are known enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from isthmus.evaluation.precision import Verdict
from isthmus.measures.barrier import Barrier, barrier_of
from isthmus.measures.baseline import Baseline
from isthmus.measures.control_variate import ControlledMean, Controls, controlled_mean, controls_of
from isthmus.measures.effective_examples import effective_examples
from isthmus.measures.examples import ExampleTable, differences_of_cut, num_cut_examples
from isthmus.measures.sequential import Precision, num_control_examples
from isthmus.sweeps.grid import Grid

COST_OF_ENDS = 2.0
COST_OF_POINT = 0.5
GROWTH = 1.25


def cuts_of(grid: Grid, baseline: Baseline) -> list[tuple[int, ...]]:
    """The points that each (host, moving) needs, besides the two complete networks.

    Args:
        grid: The rows.
        baseline: `cut` needs the far ends too.

    Returns:
        One a cut, the hosts' one after the other.
    """
    rows = grid.rows.reshape(-1, len(grid.alphas)).tolist()
    ends = grid.far_ends.reshape(-1).tolist() if grid.far_ends is not None and baseline == "cut" else [None] * len(rows)
    return [tuple(sorted({*row, end} - {None})) for row, end in zip(rows, ends, strict=True)]


@dataclass(frozen=True)
class BarrierRule:
    """A cut is finished when the interval of its loss barrier is as tight as asked (`Precision.is_met`).

    It sees estimated variances and skewnesses alone, never the barriers. The number of examples of the complete
    networks is chosen from the first look and revised upwards where that saves a quarter.

    Attributes:
        grid: The rows.
        baseline: What the excess is counted from.
        precision: What was asked.
    """

    grid: Grid
    baseline: Baseline
    precision: Precision

    def __call__(
        self, losses: Float[np.ndarray, "points n"], counts: Int[np.ndarray, " points"], active: Sequence[int]
    ) -> Verdict:
        """Judge a look; the signature is that of `isthmus.evaluation.precision.Rule`.

        Args:
            losses: One row a point.
            counts: On how many of the first examples each is known.
            active: Numbers of the cuts that are not finished, as in `cuts_of`.

        Returns:
            Which of them are, and on how many examples the complete networks should be known.
        """
        table = ExampleTable(losses, None, None, counts)
        controls = known_controls(table)
        means = {cut: self._mean(table, cut) for cut in active}
        finished = frozenset(cut for cut, mean in means.items() if self.precision.is_met(mean, controls))
        known = int(counts[0])
        waiting = [cut for cut in active if cut not in finished]
        if not waiting or not np.isfinite(controls.mean).all():
            return Verdict(finished, known)
        points = cuts_of(self.grid, self.baseline)
        costs = [COST_OF_POINT * len(points[cut]) for cut in waiting]
        wanted = num_control_examples([means[cut] for cut in waiting], controls, self.precision, COST_OF_ENDS, costs)
        return Verdict(finished, wanted if wanted > GROWTH * known else known)

    def _mean(self, table: ExampleTable, cut: int) -> ControlledMean:
        return cut_mean(self.grid, table, self.baseline, *divmod(cut, len(self.grid.groups)))


def known_controls(table: ExampleTable) -> Controls:
    """The control variates on all examples on which the two complete networks are known.

    Args:
        table: Per-example results.

    Returns:
        Their moments.
    """
    n = table.num_examples(np.array([0, 1]))
    return Controls.of(controls_of(*table.loss[:2, :n].astype(np.float64)))


def cut_mean(grid: Grid, table: ExampleTable, baseline: Baseline | None, h: int, m: int) -> ControlledMean:
    """The loss excess of one cut, or its loss, regressed on the complete networks' losses.

    Args:
        grid: The rows.
        table: Per-example results.
        baseline: What the excess is counted from; None for the loss itself.
        h: Number of the host.
        m: Number of the moving group.

    Returns:
        One row an alpha.
    """
    n = num_cut_examples(grid, table, h, m)
    controls = controls_of(*table.loss[:2, :n].astype(np.float64))
    if baseline is None:
        return controlled_mean(table.loss[grid.rows[h, m], :n].astype(np.float64), controls)
    return controlled_mean(differences_of_cut(grid, table.loss, baseline, h, m, n), controls)


def controlled_barrier(
    mean: ControlledMean, controls: Controls, alphas: Sequence[float], precision: Precision
) -> Barrier:
    """The loss barrier of one cut with the interval for the mean over the whole data set.

    Args:
        mean: From `cut_mean`.
        controls: From `known_controls`.
        alphas: The grid.
        precision: What was asked.

    Returns:
        The barrier; its interval is [max of lower, max of upper ends] of the band over all alphas.
        `effective_examples` is that of the residuals, and NaN where all examples were used.
    """
    excess = mean.mean(controls)
    if np.isnan(excess).any():
        return Barrier(excess, np.nan, np.nan, np.nan, np.nan, at_end=False, effective_examples=np.nan)
    half = precision.half_widths(mean, controls)
    best = int(excess.argmax())
    return Barrier(
        excess=excess,
        value=float(excess[best]),
        low=float((excess - half).max()),
        high=float((excess + half).max()),
        alpha=float(alphas[best]),
        at_end=alphas[best] in {0.0, 1.0},
        effective_examples=(
            np.nan if mean.num_examples == precision.num_population else effective_examples(mean.residuals[best])
        ),
    )


def sampled_error_barrier(
    differences: Float[np.ndarray, "alphas n"], alphas: Sequence[float], precision: Precision
) -> Barrier:
    """The error barrier of one cut on the examples used, with an interval for the mean over the whole data set.

    The interval is that of `isthmus.measures.interval.bounded_mean_band`, for a sample with replacement, which is
    wider than needed; it has no width when all examples were used.

    Args:
        differences: Excess of each example.
        alphas: The grid.
        precision: What was asked.

    Returns:
        The barrier.
    """
    found = barrier_of(differences, alphas, "error", precision.level)
    if differences.shape[1] < precision.num_population:
        return found
    return Barrier(found.excess, found.value, found.value, found.value, found.alpha, found.at_end, np.nan)
