"""The mean of paired differences with its interval."""

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.intervals.effective_examples import are_enough, effective_examples
from isthmus.measures.intervals.interval import bounded_mean_band, critical_value, mean_band


def paired_mean(differences: Float[np.ndarray, " n"], reach: float | None = None) -> Estimate:
    """The mean over examples with the 95 % interval of this number alone.

    Args:
        differences: One an example.
        reach: Their largest possible magnitude where they are bounded, as those of errors are; None where they are not.

    Returns:
        The mean; trusted where enough examples carry it, or where they are bounded. NaN if a difference is.

    Example:
        >>> found = paired_mean(np.array([1.0, 2.0, 3.0]))
        >>> found.value, found.trusted
        (2.0, False)
    """
    with np.errstate(invalid="ignore"):
        value = float(differences.mean())
    if np.isnan(value):
        return UNKNOWN
    rows = differences[None]
    critical = critical_value(rows)
    low, high = mean_band(rows, critical) if reach is None else bounded_mean_band(rows, critical, reach)
    # Bounded differences have honest intervals at any number of examples (docs/intervals.md).
    trusted = reach is not None or are_enough(effective_examples(differences))
    return Estimate(value, float(low[0]), float(high[0]), trusted)
