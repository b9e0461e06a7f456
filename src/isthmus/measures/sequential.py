"""Fixed-width sequential intervals: how many examples a barrier needs for the precision that was asked.

Examples are drawn in one random order, without replacement. At looks fixed beforehand (`looks`) a cut is finished when

    factor · c · standard error <= half-width   and   n >= 25 · skewness² of the residuals,

c being the critical value of a band over all its alphas. Stopping sees variances and skewnesses, never the barrier
(Chow and Robbins, Annals of Mathematical Statistics 36, 1965). It does stop more often where the variance happens to
be underestimated, and then the interval is too short. The error is not split over the looks: the factor, 1.05, pays for
that. It was found by resampling real losses (2,000 runs a case, one alpha, 22 cuts at 8 precisions, 4,000 images of a
little trained and of a memorising pair): with factor 1 coverage was 93.4 to 96.1 %, in the middle 94.6 %.
Coverage with factor 1.05 (benchmarks/coverage.py, which repeats this; N images, of which 1,600 differ):

    pair    alphas     N  precision  loss, cut by cut    error, least  examples / fixed size / plain
    little       1  1600      0.05   96.6, 96.6, 96.8            99.3  first look
    little       1  8000      0.002  96.9, 96.2, 96.0            98.2  1.4 (hardest cut) / 0.9
    memo         1  1600      0.3    96.3, 95.9, 96.1            98.4  1.1 / 1.1
    memo         1  8000      0.4    96.4, 96.2, 95.9            97.5  1.2 / 1.2
    memo         1  8000      0.2    96.0, 95.9, 96.3            97.1  1.2 / 1.2
    little      11  8000      0.005  98.9                        99.9  1.2 / 1.1
    memo        11  1600      0.4    98.7                        99.9  1.2 / 1.0

The last column is for the cut that took most examples: relative to an interval of the same kind of a fixed size, had
the variances been known, and to one without control variates.
What is guaranteed is a 95 % interval for each barrier of a split; with `simultaneous` for all of them at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.control_variate import ControlledMean, Controls
from isthmus.measures.interval import LEVEL, SKEWNESS_FACTOR, correlated_critical_value

FIRST_LOOK = 128
LOOK_STEP = 32
STEPS_A_LOOK = 8
FACTOR = 1.05
FITTED_NUMBERS = 3


def looks(num_population: int) -> Iterator[int]:
    """The numbers of examples after which a measurement may stop.

    The first look is at 128 examples, each later one an eighth further, in steps of 32: 128, 160, 192, ..., 512, 576,
    ..., and the last at all N. They are counted in examples, so the batch size does not move them.

    Args:
        num_population: N.

    Yields:
        Increasing numbers, N last.

    Example:
        >>> list(looks(300))
        [128, 160, 192, 224, 256, 288, 300]
    """
    n = FIRST_LOOK
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

    def half_widths(self, mean: ControlledMean, controls: Controls) -> Float[np.ndarray, " rows"]:
        """Half the width of the band around all rows at once.

        Args:
            mean: From `isthmus.measures.control_variate.controlled_mean`.
            controls: From the larger sample.

        Returns:
            factor · c · standard error, one a row; NaN where the values are not finite; zero when all N were used.
        """
        covariance = mean.covariance(controls, self.num_population)
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(covariance.diagonal().clip(min=0))
        return np.asarray(self.factor * self.critical(mean, covariance) * errors)

    def critical(self, mean: ControlledMean, covariance: Float[np.ndarray, "rows rows"]) -> float:
        """The critical value of the band over all rows.

        Args:
            mean: The estimates.
            covariance: Theirs.

        Returns:
            c, from Student's distribution with n - 3 degrees of freedom.
        """
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(covariance.diagonal().clip(min=0))
        usable = np.isfinite(errors) & (errors > 0)
        correlation = np.eye(len(errors))
        inner = np.ix_(usable, usable)
        correlation[inner] = covariance[inner] / np.outer(errors[usable], errors[usable])
        return correlated_critical_value(correlation, max(1, mean.num_examples - FITTED_NUMBERS), self.level)

    def is_met(self, mean: ControlledMean, controls: Controls) -> bool:
        """Whether a cut may leave: its band is tight enough, and n >= 25 · skewness² of every row's residuals.

        Args:
            mean: The estimates.
            controls: From the larger sample.

        Returns:
            True also where a value is not finite: more examples would not help.
        """
        if mean.num_examples == self.num_population or not np.isfinite(mean.residuals).all():
            return True
        covariance = mean.covariance(controls, self.num_population)
        errors = np.sqrt(covariance.diagonal().clip(min=0)).max()
        one_row = correlated_critical_value(np.eye(1), max(1, mean.num_examples - FITTED_NUMBERS), self.level)
        if self.factor * one_row * errors > self.half_width:
            return False
        if not is_long_enough(mean):
            return False
        return bool(self.half_widths(mean, controls).max() <= self.half_width)


def is_long_enough(mean: ControlledMean) -> bool:
    """Whether there are examples enough for the estimates to be nearly normal: n >= 25 · skewness² (Cochran's rule).

    Args:
        mean: The estimates.

    Returns:
        Whether that holds for the residuals of every row; False where they are not finite.
    """
    if not np.isfinite(mean.residuals).all():
        return False
    variance = (mean.residuals**2).mean(axis=1)
    third = np.abs((mean.residuals**3).mean(axis=1))
    return bool((mean.num_examples * variance**3 >= SKEWNESS_FACTOR * third**2).all())


def num_control_examples(
    means: Sequence[ControlledMean],
    controls: Controls,
    precision: Precision,
    cost_of_controls: float,
    costs: Sequence[float],
) -> int:
    """The size m of the larger sample that makes the whole measurement cheapest.

    For each m that the looks offer, a cut with residual variance S_e, value variance S_d and allowed variance
    V = (half-width / (factor · c))² needs 1/n = 1/m + (V - (1/m - 1/N) S_d) / S_e; what is counted is
    m · cost_of_controls + sum over cuts of n · cost.

    Args:
        means: One a cut that is not done.
        controls: What is known so far.
        precision: What was asked.
        cost_of_controls: Of one example for the two complete networks, in any unit.
        costs: Of one example for each cut.

    Returns:
        m, at least as many as are known.
    """
    N = precision.num_population
    offered = np.array([m for m in looks(N) if m >= controls.num_examples], dtype=float)
    total = offered * cost_of_controls
    for mean, cost in zip(means, costs, strict=True):
        value, residual = mean.value_covariance(controls).diagonal(), mean.residual_covariance.diagonal()
        worst = int(value.argmax())
        c = precision.critical(mean, mean.covariance(controls, N))
        allowed = (precision.half_width / (precision.factor * c)) ** 2
        spare = allowed - (1 / offered - 1 / N) * value[worst]
        n = np.full(len(offered), np.inf)
        n[spare >= 0] = 1 / (1 / offered[spare >= 0] + spare[spare >= 0] / max(residual[worst], 1e-300))
        total = total + cost * n.clip(min=mean.num_examples)
    return int(offered[total.argmin()])
