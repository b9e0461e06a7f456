"""Fixed-width sequential intervals: how many examples a barrier needs for the requested precision.

Examples are drawn in one random order, without replacement. At looks fixed beforehand (`looks`) a cut is finished when

    factor · c · standard error <= half-width

for its rise over the host and for its barrier, c being the critical value of a band over all its alphas. Stopping sees
variances, never the barrier (Chow and Robbins, Annals of Mathematical Statistics 36, 1965). It does stop more often
where the variance happens to be underestimated; the error is not split over the looks: the factor, 1.05, pays for that.

What no rule can see is a tail that the sample has not touched. Two assumptions bound it, and they are all that stands
between these intervals and a guarantee:

- a group of examples that matters is no rarer than 2 in 1,000. The first look is so late that such a group is missed at
  most once in a hundred (after 1,632 of 3,000 examples, 2,080 of 10,000, 2,304 of a million);
- what is left unseen of a tail weighs no more than one example three times as far off as the farthest seen in this
  cut, or in three quarters of all cuts (`isthmus.measures.intervals.sampled_mean.spread`): a layer of which a few
  examples make up the whole rise may hide them, and then the others show how far examples can be off.

`benchmarks/coverage.py` measures what they are worth on real and made losses, and what they cost;
docs/intervals.md holds its table. What is claimed is a 95 % interval for each barrier of a split; with `simultaneous`
for all of them at once.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from isthmus.measures.intervals.interval import LEVEL, correlated_critical_value
from isthmus.measures.intervals.sampled_mean import SampledMean

# A group that matters is no rarer than 2 in 1,000, and the first look misses it once in a hundred: both are assumed,
# and paid for by easy pairs (docs/decisions.md, Measures and intervals).
RAREST_SHARE = 0.002
MISSED = 0.01
LOOK_STEP = 32
STEPS_A_LOOK = 8  # each look is an eighth further, so at most an eighth of the examples is too many
# Looking several times stops more often where the variance is underestimated. 5 % wider intervals pay for that:
# docs/intervals.md shows the coverage with it.
FACTOR = 1.05


@lru_cache(maxsize=256)
def first_look(num_population: int) -> int:
    """After how many examples a measurement may stop at the earliest.

    So many that of any 2 in 1,000 examples one is among them with 99 % probability, in steps of 32.

    Args:
        num_population: N.

    Returns:
        At most N.

    Example:
        >>> [first_look(N) for N in (400, 3000, 10_000, 10**6)]
        [400, 1632, 2080, 2304]
    """
    from scipy import stats

    rarest = math.ceil(RAREST_SHARE * num_population)
    # The chance to miss the group falls with every example drawn, so halving finds the first that is low enough.
    low, high = 1, num_population
    while low < high:
        middle = (low + high) // 2
        if stats.hypergeom.pmf(0, num_population, rarest, middle) <= MISSED:
            high = middle
        else:
            low = middle + 1
    return min(num_population, -(-low // LOOK_STEP) * LOOK_STEP)


def looks(num_population: int) -> Iterator[int]:
    """The numbers of examples after which a measurement may stop.

    The first look is `first_look`, each later one an eighth further, in steps of 32, and the last at all N. They are
    counted in examples, so the batch size does not move them.

    Args:
        num_population: N.

    Yields:
        Increasing numbers, N last.

    Example:
        >>> list(looks(3000))
        [1632, 1824, 2048, 2304, 2592, 2912, 3000]
    """
    n = first_look(num_population)
    while n < num_population:
        yield n
        n += LOOK_STEP * max(1, n // (STEPS_A_LOOK * LOOK_STEP))
    yield num_population


@dataclass(frozen=True)
class AskedPrecision:
    """What was asked of a measurement.

    Attributes:
        half_width: The largest half-width of a loss barrier's 95 % interval, in nats.
        simultaneous: Whether all barriers of a split are to be covered at once, not each for itself.
    """

    half_width: float
    simultaneous: bool

    def of_split(self, num_population: int, num_cuts: int) -> "Precision":
        """What that means for the cuts of one split.

        Args:
            num_population: Examples of the split.
            num_cuts: Its barriers.

        Returns:
            Confidence 0.95, or 0.95^(1/num_cuts): by Šidák's inequality intervals of jointly normal estimates that each
            hold with that confidence hold all at once with 0.95, whatever their correlations.
        """
        # Šidák's inequality: it holds whatever the correlations between cuts.
        level = LEVEL ** (1 / num_cuts) if self.simultaneous else LEVEL
        return Precision(self.half_width, num_population, level)


@dataclass(frozen=True)
class Precision:
    """What a cut must reach.

    Attributes:
        half_width: Of the interval, in nats.
        num_population: N, the examples of the split.
        level: Confidence of each interval.
        factor: What the standard errors are multiplied by, because the moment of stopping depends on them.
    """

    half_width: float
    num_population: int
    level: float = LEVEL
    factor: float = FACTOR

    def half_widths(self, means: SampledMean) -> Float[np.ndarray, " rows"]:
        """Half the width of the band around all rows at once.

        Args:
            means: The estimates.

        Returns:
            factor · c · standard error, one a row; NaN where the values are not finite; zero when all N were used.
        """
        errors, degrees = means.errors, max(1, means.num_examples - 1)
        if len(errors) == 1:
            return np.asarray(self.factor * _of_one_row(degrees, self.level) * errors)
        usable = np.isfinite(errors) & (errors > 0)
        correlation = np.eye(len(errors))
        inner = np.ix_(usable, usable)
        correlation[inner] = means.covariance[inner] / np.outer(errors[usable], errors[usable])
        return np.asarray(self.factor * correlated_critical_value(correlation, degrees, self.level) * errors)

    def is_met(self, means: SampledMean) -> bool:
        """Whether the band is tight enough.

        Args:
            means: The estimates.

        Returns:
            True also where a value is not finite: more examples would not help.
        """
        errors = means.errors
        if means.num_examples == self.num_population or not np.isfinite(errors).all():
            return True
        if self.factor * _of_one_row(means.num_examples - 1, self.level) * errors.max() > self.half_width:
            return False  # the band over several rows is wider still, and takes longer to find
        return bool(self.half_widths(means).max() <= self.half_width)

    def num_needed(self, variance: float) -> float:
        """How many examples an interval needs if one of them has this variance.

        Args:
            variance: Of the values of a row.

        Returns:
            n with factor · c · sqrt((1/n - 1/N) variance) = half-width; not rounded.
        """
        if variance <= 0:
            return 0.0
        allowed = (self.half_width / (self.factor * _of_one_row(self.num_population, self.level))) ** 2
        # Solves (1/n - 1/N) variance = allowed for n.
        return 1 / (allowed / variance + 1 / self.num_population)


@lru_cache(maxsize=1024)
def _of_one_row(degrees: int, level: float) -> float:
    return correlated_critical_value(np.eye(1), degrees, level)
