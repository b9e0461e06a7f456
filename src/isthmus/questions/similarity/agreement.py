"""How often two networks give the same answer."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from isthmus.measures.intervals.interval import LEVEL


@dataclass(frozen=True)
class Agreement:
    """A share of examples, with its exact binomial interval (Clopper and Pearson)."""

    value: float
    low: float
    high: float


def agreement(x: Float[np.ndarray, "n classes"], y: Float[np.ndarray, "n classes"]) -> Agreement:
    """The share of examples on which the largest scores of two networks belong to the same class.

    Args:
        x: Scores of one network.
        y: Scores of the other. An example with a score that is not finite in either counts as disagreement.

    Returns:
        The share and its 95 % interval.

    Example:
        >>> scores = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> agreement(scores, scores[::-1]).value, round(agreement(scores, scores).low, 4)  # 0.025 ** (1 / 2)
        (0.0, 0.1581)
    """
    finite: Bool[np.ndarray, " n"] = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    n, k = len(x), int(((x.argmax(axis=1) == y.argmax(axis=1)) & finite).sum())
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, k, n - k + 1)) if k else 0.0
    high = float(stats.beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0
    return Agreement(k / n, low, high)
