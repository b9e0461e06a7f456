"""How often two networks give the same answer."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import betaincinv

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.interval import LEVEL


def agreement(x: Float[np.ndarray, "n classes"], y: Float[np.ndarray, "n classes"]) -> Estimate:
    """The share of examples on which the largest scores of two networks belong to the same class.

    Args:
        x: Scores of one network.
        y: Scores of the other. An example with a score that is not finite in either counts as disagreement.

    Returns:
        The share with its exact binomial interval (Clopper and Pearson).

    Example:
        >>> scores = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> agreement(scores, scores[::-1]).value, round(agreement(scores, scores).low, 4)  # 0.025 ** (1 / 2)
        (0.0, 0.1581)
    """
    finite: Bool[np.ndarray, " n"] = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    n, k = len(x), int(((x.argmax(axis=1) == y.argmax(axis=1)) & finite).sum())
    # The ends of Clopper and Pearson (1934) are quantiles of the beta distribution.
    tail = (1 - LEVEL) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Estimate(k / n, low, high)
