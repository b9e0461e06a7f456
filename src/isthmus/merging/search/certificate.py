"""A certificate: that averaging a set of layers costs less than a tolerance, on examples that did not choose it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.merging.search.trials import Layers

CONFIDENCE = 0.975
"""Of the whole procedure: the upper end of a 95 % interval is a bound at 97.5 %."""


@dataclass(frozen=True)
class Step:
    """One set of the chain.

    Attributes:
        layers: The set.
        rise: Its cost on the examples of the certificate, with its own 95 % interval.
        passed: Whether it was certified: its upper end is below the tolerance, and so are those of all before it.
    """

    layers: Layers
    rise: Estimate
    passed: bool


@dataclass(frozen=True)
class Certificate:
    """The outcome of testing nested sets in order.

    Attributes:
        tolerance: What was to be undercut.
        steps: From the smallest set to the largest.
    """

    tolerance: float
    steps: tuple[Step, ...]

    @property
    def certified(self) -> Step | None:
        """The largest set that was certified; None where the first failed."""
        passed = [step for step in self.steps if step.passed]
        return passed[-1] if passed else None


def certificate(
    chain: Sequence[Layers], differences: Float[np.ndarray, "sets n"], tolerance: float, reach: float | None = None
) -> Certificate:
    """Test sets in a fixed order, from the one that is surest to pass to the largest, and stop at the first that fails.

    The null hypothesis of a set is that its mean rise is at least the tolerance; it is rejected where the upper end of
    its 95 % interval lies below, a test at level 2.5 %. The order was fixed on other examples and a set is tested only
    if all before it were certified. So a wrong set is certified only if the first true null hypothesis of the sequence
    is rejected, and the probability of that is 2.5 % for the whole sequence, whatever the number of sets and whichever
    way their rises depend on each other (fixed-sequence testing: Maurer, Hothorn and Lehmacher 1995). From the largest
    down the same rule would end at the first failure with nothing. The sets of a search are nested, and each leaves
    less room below the tolerance than the smaller ones, as far as the search could see.

    Args:
        chain: Sets, the smallest first, chosen without these examples.
        differences: By how much each example rises over the host, one row a set.
        tolerance: In the unit of the differences.
        reach: As `isthmus.measures.intervals.paired_mean.paired_mean`.

    Returns:
        All sets with their rises, and which of them are certified.

    Example:
        >>> sets, rises = [frozenset("a"), frozenset("ab")], np.array([[0.01, 0.0, 0.02, 0.01], [0.0, 0.3, 0.1, 0.0]])
        >>> [step.passed for step in certificate(sets, rises, 0.05).steps]
        [True, False]
    """
    steps, holds = [], True
    for layers, row in zip(chain, differences, strict=True):
        rise = paired_mean(row, reach)
        holds = holds and rise.high < tolerance
        steps.append(Step(layers, rise, holds))
    return Certificate(tolerance, tuple(steps))
