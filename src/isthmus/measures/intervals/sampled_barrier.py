"""Barriers of cuts that are known on different numbers of examples, and the rule that decides when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from isthmus.evaluation.precision import Decision
from isthmus.measures.barrier import Barrier, barrier_of
from isthmus.measures.baseline import Baseline, baseline_values
from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable, differences_of_cut, num_cut_examples
from isthmus.measures.intervals.effective_examples import are_enough, effective_examples
from isthmus.measures.intervals.sampled_mean import Further, SampledMean, reach, sampled_mean, shift_of, spread
from isthmus.measures.intervals.sequential import Precision, first_look
from isthmus.sweeps.grid import Grid

USUAL = 0.75  # the median covered 82 %; with the maximum one exploding layer would decide for all cuts
COST_OF_ENDS = 2.0  # forward passes an example for both complete networks, which share no layer
COST_OF_POINT = 0.5  # the shared engine does about half of a forward pass for each point (docs/performance.md)


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
class Cut:
    """What is known of one cut, one row an alpha.

    Attributes:
        loss: The mean losses.
        rise: The means of the rise over the host.
        excess: Those of the excess over the baseline.
        excesses: Of each example used.
        rise_variance: Of one example, the largest of all alphas.
        excess_variance: The same of the excess.
        is_host: Whether all rows are the host itself.
    """

    loss: Float[np.ndarray, " alphas"]
    rise: SampledMean
    excess: SampledMean
    excesses: Float[np.ndarray, "alphas n"]
    rise_variance: float
    excess_variance: float
    is_host: bool


@dataclass(frozen=True)
class SampledCuts:
    """Every cut of a split, from the examples on which it is known.

    Attributes:
        grid: The rows.
        table: Per-example results, in the order in which the examples were drawn.
        baseline: What the excess is counted from.
        num_population: N, the examples of the split.
    """

    grid: Grid
    table: ExampleTable
    baseline: Baseline
    num_population: int

    @cached_property
    def usual_rise(self) -> float:
        """The usual reach of rises over the host."""
        return self._usual_reach("host")

    @cached_property
    def usual_excess(self) -> float:
        """The usual reach of excesses over the baseline."""
        return self._usual_reach(self.baseline)

    def _usual_reach(self, baseline: Baseline) -> float:
        """How far the farthest example lies from the mean in three of four cuts that move anything, at most."""
        # Not in all: one layer whose average explodes would make every other wait. And on the examples of the first
        # look, on which all cuts are known, so that it does not change later.
        every = self.table.num_examples(np.arange(self.grid.num_points))
        n, found = min(every, first_look(self.num_population)), []
        for h, m in np.ndindex(*self.grid.rows.shape[:2]):
            if not self._is_host(h, m).all():
                found.append(reach(differences_of_cut(self.grid, self.table.loss, baseline, h, m, n)))
        finite = [one for one in found if np.isfinite(one)]
        return float(np.quantile(finite, USUAL)) if finite else 0.0

    def _is_host(self, h: int, m: int) -> Bool[np.ndarray, " alphas"]:
        """Which rows are the host itself, and so rise by nothing: alpha 0, layers equal in both networks."""
        return np.asarray(self.grid.cut(h, m)[1] == self.grid.end(self.grid.hosts[h]))

    def cut(self, h: int, m: int) -> Cut:
        """What is known of one cut.

        Its loss is the host's and the rise; its excess, but for the baseline `cut`, the rise and a difference of the
        complete networks. These may be known on more examples than the cut.

        Args:
            h: Number of the host.
            m: Number of the moving group.

        Returns:
            Losses, rises and excesses, which fit together.
        """
        loss, (alphas, points) = self.table.loss, self.grid.cut(h, m)
        n, known = num_cut_examples(self.grid, self.table, h, m), self.table.num_examples(np.array([0, 1]))
        rises, excesses = (differences_of_cut(self.grid, loss, one, h, m, n) for one in ("host", self.baseline))
        is_host = self._is_host(h, m)
        of_rise = spread(rises, self.usual_rise, is_host)
        # Over another baseline than the host even the host's row has an excess with a tail to be seen.
        of_excess = spread(excesses, self.usual_excess, is_host & (self.baseline == "host"))
        ends = loss[:2, :known].astype(np.float64)
        host, donor = ends if self.grid.hosts[h] == "a" else ends[::-1]
        further = None
        # The line to the cut's far end holds a network that is known on the cut's examples only.
        if self.baseline != "cut":
            with np.errstate(invalid="ignore"):
                offsets = [host - baseline_values(self.baseline, alpha, host, donor, None) for alpha in alphas]
            further = Further(known, shift_of(np.array(offsets), n), of_rise)
        return Cut(
            loss[points, :n].mean(axis=1, dtype=np.float64) + shift_of(host, n),
            sampled_mean(rises, of_rise, self.num_population),
            sampled_mean(excesses, of_excess, self.num_population, further),
            excesses,
            float(of_rise.diagonal().max()),
            float(of_excess.diagonal().max()),
            bool(is_host.all()),
        )


@dataclass(frozen=True)
class BarrierRule:
    """A cut is finished when the intervals of its rise and of its loss barrier are as tight as asked.

    It sees estimated variances alone, never the barriers. Where the difference of the two complete networks is what
    keeps barriers wide, and it costs less than more examples of the cuts, these two are evaluated on all examples.

    Attributes:
        grid: The rows.
        baseline: What the excess is counted from.
        precision: What was asked.
        are_equal: Whether the two networks hold the same weights, so that nothing can vary.
    """

    grid: Grid
    baseline: Baseline
    precision: Precision
    are_equal: bool = False

    def __call__(
        self, losses: Float[np.ndarray, "points n"], counts: Int[np.ndarray, " points"], active: Sequence[int]
    ) -> Decision:
        """Judge a look; the signature is that of `isthmus.evaluation.precision.StoppingRule`.

        Args:
            losses: One row a point.
            counts: On how many of the first examples each is known.
            active: Numbers of the cuts that are not finished, as in `cuts_of`.

        Returns:
            Which of them are, and on how many examples the complete networks should be known.
        """
        N, known = self.precision.num_population, int(counts[0])
        sampled = SampledCuts(self.grid, ExampleTable(losses, None, None, counts), self.baseline, N)
        cuts = {number: sampled.cut(*divmod(number, len(self.grid.groups))) for number in active}
        finished = frozenset(number for number, cut in cuts.items() if self._is_finished(cut))
        points = cuts_of(self.grid, self.baseline)
        # Whether to run the complete networks on all examples: what this spares all cuts against what it costs.
        saved = sum(
            COST_OF_POINT * len(points[number]) * self._spared(cuts[number]) for number in set(active) - finished
        )
        worth_it = self.baseline != "cut" and saved > COST_OF_ENDS * (N - known)
        return Decision(finished, N if worth_it else known)

    def _spared(self, cut: Cut) -> float:
        """How many examples of the cut would not be needed if the complete networks were known on all."""
        least = max(cut.rise.num_examples, self.precision.num_needed(cut.rise_variance))
        return max(0.0, self.precision.num_needed(cut.excess_variance) - least)

    def _is_finished(self, cut: Cut) -> bool:
        """As tight as asked; and until all examples are used something must have been seen to vary."""
        # Equal differences in a sample do not prove that all are equal: an interval without width would say so.
        is_still = cut.excess_variance == 0 or (cut.rise_variance == 0 and not cut.is_host)
        if cut.rise.num_examples < self.precision.num_population and is_still:
            return self.are_equal or (cut.is_host and self.baseline == "host")
        return self.precision.is_met(cut.rise) and self.precision.is_met(cut.excess)


def sampled_barrier(
    means: SampledMean, differences: Float[np.ndarray, "alphas n"], alphas: Sequence[float], precision: Precision
) -> Barrier:
    """The loss barrier of one cut, or its largest rise, with the interval for the mean over the whole data set.

    Args:
        means: One an alpha.
        differences: Of each example used.
        alphas: The grid.
        precision: What was asked.

    Returns:
        The barrier; its interval is [max of lower, max of upper ends] of the band over all alphas.
        `effective_examples` is NaN where all examples were used.
    """
    excess = means.mean
    if np.isnan(excess).any():
        return Barrier.unknown(excess)
    half = precision.half_widths(means)
    best = int(excess.argmax())
    is_whole = means.num_examples == precision.num_population
    # A mean over all examples has no error that a few of them could hide.
    carriers = np.nan if is_whole else effective_examples(differences[best])
    return Barrier(
        excess=excess,
        estimate=Estimate(
            float(excess[best]), float((excess - half).max()), float((excess + half).max()), are_enough(carriers)
        ),
        alpha=float(alphas[best]),
        at_end=alphas[best] in {0.0, 1.0},
        effective_examples=carriers,
    )


def sampled_error_barrier(
    differences: Float[np.ndarray, "alphas n"], alphas: Sequence[float], precision: Precision
) -> Barrier:
    """The error barrier of one cut on the examples used, with an interval for the mean over the whole data set.

    The interval is that of `isthmus.measures.intervals.interval.bounded_mean_band`, for a sample with replacement,
    which is wider than needed; it has no width when all examples were used.

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
    return replace(found, estimate=Estimate.exact(found.estimate.value))
