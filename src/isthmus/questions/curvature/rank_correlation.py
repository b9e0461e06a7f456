"""Whether two lists of numbers have the same order."""

import numpy as np
from jaxtyping import Float


def rank_correlation(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    """Spearman's rank correlation: the correlation of the ranks, ties sharing theirs.

    Args:
        x: Numbers.
        y: As many.

    Returns:
        A number in [-1, 1]; NaN if one of the lists is constant or holds a NaN, or for fewer than two pairs.

    Example:
        >>> rank_correlation(np.array([1.0, 2.0, 30.0]), np.array([-3.0, -2.0, -1.0]))
        1.0
    """
    if len(x) < 2 or np.isnan(x).any() or np.isnan(y).any() or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    from scipy import stats

    return float(stats.spearmanr(x, y).statistic)
