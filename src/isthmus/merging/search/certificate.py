"""A certificate: that averaging a set of layers costs less than a tolerance, on examples that did not choose it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.interval import bounded_mean_band, critical_value, mean_band
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.merging.search.trials import Layers

CONFIDENCE = 0.975
"""That no set is certified wrongly: upper ends of 95 % intervals are bounds at 97.5 %."""


@dataclass(frozen=True)
class Tested:
    """One set that was tested.

    Attributes:
        layers: The set.
        rise: Its cost on the examples of the certificate, with its own 95 % interval.
        bound: What its cost is below, together with all sets tested beside it; it is certified where that is below the
            tolerance.
        passed: Whether it was certified.
    """

    layers: Layers
    rise: Estimate
    bound: float
    passed: bool


@dataclass(frozen=True)
class Certificate:
    """The outcome of testing sets of layers.

    Attributes:
        tolerance: What was to be undercut.
        tests: From the smallest set to the largest.
    """

    tolerance: float
    tests: tuple[Tested, ...]

    @property
    def certified(self) -> Tested | None:
        """The largest set that was certified; None where none was."""
        passed = [test for test in self.tests if test.passed]
        return passed[-1] if passed else None


def certificate(
    chain: Sequence[Layers], differences: Float[np.ndarray, "sets n"], tolerance: float, reach: float | None = None
) -> Certificate:
    """Test sets that were fixed beforehand, all at once, and certify the largest that passes.

    The null hypothesis of a set is that its mean rise is at least the tolerance. A round tests all sets that have not
    passed yet: each by the upper end of an interval that holds for all of them together
    (`isthmus.measures.intervals.interval.critical_value`, from their own correlations, which nested sets have in
    plenty). Those that pass leave, so that the next round asks less of the others; the certificate ends with a round in
    which none passes. The probability that any set passes wrongly is 2.5 % for all sets and rounds together: the first
    wrong one would have to pass in a round in which all true hypotheses are tested at once (step-down by the maximum:
    Westfall and Young 1993; Romano and Wolf 2005). The order of the sets does not enter, so a set that costs more than
    both a smaller and a larger one does no harm, as it would where sets are tested one after the other until one fails.

    Args:
        chain: Sets, the smallest first, chosen without these examples.
        differences: By how much each example rises over the host, one row a set.
        tolerance: In the unit of the differences. A set with a loss that is no finite number is not tested.
        reach: As `isthmus.measures.intervals.paired_mean.paired_mean`.

    Returns:
        All sets with their rises, and which of them are certified.

    Example:
        >>> sets, rises = [frozenset("a"), frozenset("ab")], np.array([[0.01, 0.0, 0.02, 0.01], [0.0, 0.3, 0.1, 0.0]])
        >>> [test.passed for test in certificate(sets, rises, 0.05).tests]
        [True, False]
    """
    bounds = np.full(len(chain), np.nan)
    left = [number for number, row in enumerate(differences) if np.isfinite(row).all()]
    while left:
        rows = differences[left]
        critical = critical_value(rows)
        _, high = mean_band(rows, critical) if reach is None else bounded_mean_band(rows, critical, reach)
        bounds[left] = high
        failed = [number for number in left if not bounds[number] < tolerance]
        if len(failed) == len(left):
            break
        left = failed
    return Certificate(
        tolerance,
        tuple(
            Tested(layers, paired_mean(row, reach), float(bound), bool(bound < tolerance))
            for layers, row, bound in zip(chain, differences, bounds, strict=True)
        ),
    )
