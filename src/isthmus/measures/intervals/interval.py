"""95 % intervals for means of paired differences, for one mean or several at once."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr, stdtrit  # scipy.stats takes half a second to import

from isthmus.measures.intervals.weighted_mean import weighted_mean_quantile

LEVEL = 0.95
# The 95 % quantile of 20,000 draws is known to 0.15 % in probability, which no interval shows.
NUM_BAND_DRAWS = 20_000
# Below 3 degrees no correlation can be told. From 30 on the rows' own scales change c by about 1 % only.
FEWEST_DEGREES, FEW_DEGREES = 3, 30
SMALLEST_SCALE = 1e-3  # the cube's normal number may be negative with few degrees; a variance is not
NEARLY_STRAIGHT = 1e-4  # below it Hall's h(x) is x to about 1e-4, and k = 0 would divide by zero

Rows = Float[np.ndarray, "rows n"]
Column = Float[np.ndarray, " rows"]


def critical_value(differences: Rows, level: float = LEVEL) -> float:
    """The number c for which all the intervals mean ± c · standard error hold at once with the given confidence.

    For one row it is Student's quantile with n - 1 degrees of freedom. For several it is the quantile of max |T| for T
    of the multivariate t distribution with the rows' own correlations, found from 20,000 seeded draws: neighbouring
    alphas move together, so c is far below what splitting the error over the rows would ask.

    Args:
        differences: One row a mean (an alpha, a layer), one column an example.
        level: Confidence.

    Returns:
        c; infinite for a single example. Rows without spread count as independent of the others.
    """
    rows, n = differences.shape
    if n < 2:
        return np.inf
    if rows == 1:
        return float(stdtrit(n - 1, 0.5 + level / 2))
    spread = differences.std(axis=1)
    # Rows without a spread have no correlation: 0 / 0.
    finite = np.isfinite(spread) & (spread > 0)
    correlation = np.eye(rows)
    if finite.sum() > 1:
        correlation[np.ix_(finite, finite)] = np.corrcoef(differences[finite])
    return correlated_critical_value(correlation, n - 1, level)


def correlated_critical_value(correlation: Float[np.ndarray, "rows rows"], degrees: int, level: float = LEVEL) -> float:
    """The number c of `critical_value` for estimates whose correlation R is known.

    With few examples every row's own standard error scatters, which makes the largest of several |T| larger than one
    error common to all would. Below 30 degrees of freedom each row therefore has a scale of its own: the variances of
    jointly normal rows have the correlations R², and Wilson and Hilferty's cube of a normal number draws them. From two
    or three examples correlations can't be told, and c is Šidák's for independent rows, which no correlation exceeds.

    Args:
        correlation: Of the estimates.
        degrees: Degrees of freedom of their standard errors, at least 1.
        level: Confidence.

    Returns:
        c.
    """
    rows = len(correlation)
    if rows == 1:
        return float(stdtrit(degrees, 0.5 + level / 2))
    if degrees < FEWEST_DEGREES:
        return -float(stdtrit(degrees, (1 - level ** (1 / rows)) / 2))
    sizes = np.abs(_correlated_draws(correlation, seed=0))
    if degrees >= FEW_DEGREES:
        largest = sizes.max(axis=1) / _scale_draws(degrees)
    else:
        spread = 2 / (9 * degrees)
        # Another seed than that of the sizes: means and variances of normal rows are independent.
        scales = 1 - spread + np.sqrt(spread) * _correlated_draws(correlation**2, seed=2)
        # The cube is a variance, and its root a standard error: hence 3/2.
        largest = (sizes / scales.clip(min=SMALLEST_SCALE) ** 1.5).max(axis=1)
    return float(np.quantile(largest, level))


def _correlated_draws(correlation: Float[np.ndarray, "rows rows"], seed: int) -> Float[np.ndarray, "draws rows"]:
    values, vectors = np.linalg.eigh(correlation)
    # Rounding makes the zero eigenvalues of a singular correlation slightly negative.
    root = vectors * np.sqrt(values.clip(min=0))
    return np.asarray(_normal_draws(len(correlation), seed) @ root.T)


# An entry holds 20,000 numbers for each row, and all cuts of a grid have equally many rows.
@lru_cache(maxsize=4)
def _normal_draws(rows: int, seed: int) -> Float[np.ndarray, "draws rows"]:
    return np.random.default_rng(seed).standard_normal((NUM_BAND_DRAWS, rows))


@lru_cache(maxsize=64)
def _scale_draws(degrees: int) -> Float[np.ndarray, " draws"]:
    return np.asarray(np.sqrt(np.random.default_rng(1).chisquare(degrees, NUM_BAND_DRAWS) / degrees))


def mean_band(differences: Rows, critical: float) -> tuple[Column, Column]:
    """Intervals for the means of unbounded differences, such as losses, also where these are skewed.

    Student's interval mean ± c · s / sqrt(n) misses too often on the side of a long tail: a sample without its far
    examples has both a small mean and a small s. Hall's transformation takes that into account: with the skewness
    estimate g, and k = g / sqrt(n), the T of a skewed sample is made nearly symmetric by T + k T²/3 + k² T³/27 + k/6,
    and c is turned back into an arm of h(c) standard errors downwards and -h(-c) upwards,

        h(x) = 3/k · (cbrt(1 + k (x - k/6)) - 1).

    The interval is the hull of both, so it is never shorter than Student's (Hall, "On the removal of skewness by
    transformation", Journal of the Royal Statistical Society B 54, 1992; the hull is ours). No interval holds for
    every unbounded distribution: what this one covers is measured by `benchmarks/fixed_intervals.py`.

    Args:
        differences: One row a mean, one column an example.
        critical: c, from `critical_value`.

    Returns:
        Lower and upper ends; infinite for a single example, NaN where a difference is NaN.

    Example:
        >>> low, high = mean_band(np.array([[1.0, 2.0, 3.0]]), 2.0)
        >>> bool(abs(high[0] - low[0] - 4 / 3**0.5) < 1e-12)
        True
    """
    n = differences.shape[1]
    mean = differences.mean(axis=1)
    if n < 2:
        # One example shows no spread, so no mean is excluded.
        half = np.where(np.isnan(mean), np.nan, np.inf)
        return mean - half, mean + half
    with np.errstate(invalid="ignore"):
        centred = differences - mean[:, None]
        variance = (centred**2).mean(axis=1)
        third = np.einsum("rn,rn,rn->r", centred, centred, centred) / n
    # The variance is over n, as the skewness wants it; over n - 1 here it gives s / sqrt(n).
    error = np.sqrt(variance / (n - 1))
    power = variance**1.5
    skewness = np.divide(third, power, out=np.zeros_like(third), where=power > 0)
    down, up = _skewed_arms(skewness / np.sqrt(n), critical)
    return mean - down * error, mean + up * error


def _skewed_arms(k: Column, critical: float) -> tuple[Column, Column]:
    """The lengths of both sides of the interval in standard errors, at least c each."""
    is_straight = np.abs(k) < NEARLY_STRAIGHT
    divisor = np.where(is_straight, 1.0, k)

    def h(x: float) -> Column:
        bent = 3 / divisor * (np.cbrt(1 + divisor * (x - divisor / 6)) - 1)
        return np.asarray(np.where(is_straight, x - k * (1 + 2 * x**2) / 6, bent))

    return np.maximum(critical, h(critical)), np.maximum(critical, -h(-critical))


def bounded_mean_band(differences: Rows, critical: float, reach: float = 1.0) -> tuple[Column, Column]:
    """Intervals for the means of differences in [-1, 1], such as errors, honest also when few of them differ from zero.

    The upper end is the quantile of a mean under random weights: the examples and one more, placed at the end of the
    range (+1; for the lower end -1), get weights from the flat Dirichlet distribution. For values of two kinds that is
    exactly the Clopper-Pearson bound of the binomial; in general it is Gaffke's bound, for which no violation is known,
    and it tends to the usual interval as n grows. With no changed prediction among n the upper end is
    1 - 0.025^(1/n), about 3.7/n, and not 0. (Gaffke 2005; Learned-Miller and Thomas, "A new confidence interval for the
    mean of a bounded random variable", 2020. Quantiles come from 10,000 seeded draws where no closed form serves, of
    many distinct values, as of windows of tokens, from a saddle point.)

    Args:
        differences: One row a mean, values in [-reach, reach].
        critical: From `critical_value`; it fixes the tail left outside on each side, P(T > c).
        reach: The largest magnitude that a difference can have; above 1 only where a straight baseline is extended
            beyond alpha 0 or 1.

    Returns:
        Lower and upper ends, within [-reach, reach].
    """
    n = differences.shape[1]
    # What c means as a probability, so that the correction for several rows holds for these bounds too.
    tail = float(stdtr(n - 1, -critical)) if n > 1 else (1 - LEVEL) / 2
    high = [_upper_bound(row, tail, reach) for row in differences]
    low = [-_upper_bound(-row, tail, reach) for row in differences]
    return np.array(low), np.array(high)


def _upper_bound(values: Float[np.ndarray, " n"], tail: float, reach: float) -> float:
    distinct, counts = np.unique(np.append(values, reach), return_counts=True)
    return weighted_mean_quantile(tuple(distinct.tolist()), tuple(counts.tolist()), 1 - tail)
