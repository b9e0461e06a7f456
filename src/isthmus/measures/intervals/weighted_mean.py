"""Quantiles of means under random weights, for the intervals of bounded values."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, ndtr

NUM_DRAWS = 10_000  # the probability of the quantile is right to 0.16 %
NUM_DRAWN_VALUES = 32  # of more distinct values the saddle point is found faster than weights are drawn
# One measurement asks again and again. A result is kept with its values, so there are many of a few values alone.
NUM_KEPT, NUM_KEPT_OF_MANY = 4096, 256
GENTLEST, STEEPEST = 1e-3, 1e9  # lambda times the spread; for probabilities from 0.75 on the root lies between


def weighted_mean_quantile(values: tuple[float, ...], counts: tuple[int, ...], probability: float) -> float:
    """The quantile of sum_j D_j v_j for weights D of the Dirichlet distribution with parameters `counts`.

    In closed form for one and two values, from seeded draws for up to 32, and by `saddle_point_quantile` for more.

    Args:
        values: Distinct, increasing.
        counts: How often each occurs.
        probability: At least 0.75.

    Returns:
        A number between the smallest and the largest value.

    Example:
        >>> weighted_mean_quantile((0.0, 1.0), (1, 1), 0.75)
        0.75
    """
    return (_of_few if len(values) <= NUM_DRAWN_VALUES else _of_many)(values, counts, probability)


@lru_cache(maxsize=NUM_KEPT)
def _of_few(values: tuple[float, ...], counts: tuple[int, ...], probability: float) -> float:
    if len(values) == 1:
        return values[0]
    if len(values) == 2:
        return float(values[0] + betaincinv(counts[1], counts[0], probability) * (values[1] - values[0]))
    weights = np.random.default_rng(0).standard_gamma(counts, (NUM_DRAWS, len(counts)))
    return float(np.quantile(weights @ np.array(values) / weights.sum(axis=1), probability))


@lru_cache(maxsize=NUM_KEPT_OF_MANY)
def _of_many(values: tuple[float, ...], counts: tuple[int, ...], probability: float) -> float:
    return saddle_point_quantile(values, counts, probability)


def saddle_point_quantile(values: Sequence[float], counts: Sequence[int], probability: float) -> float:
    """The same quantile for an upper tail from the saddle-point approximation of Lugannani and Rice (1980).

    The mean lies below q exactly if Y = sum_j G_j (v_j - q) <= 0 for independent G_j of the gamma distribution with
    shapes c_j, whose cumulant function is K(t) = -sum_j c_j log(1 - t (v_j - q)). With K'(t) = 0, r = sqrt(-2 K(t))
    and s = t sqrt(K''(t)), P(Y <= 0) is about Phi(r) + phi(r) (1/r - 1/s). Every saddle point belongs to one
    lambda = t / (1 + t q) > 0, and gives its q in closed form: sum_j w_j v_j / sum_j w_j, w_j = c_j / (1 - lambda v_j).

    Args:
        values: Two at least.
        counts: How often each occurs, at least 1.
        probability: At least 0.75.

    Returns:
        The quantile; its distance from the mean of the values is right to about 2 %, where one value lies far from all
        others, and to a thousandth where none does.
    """
    from scipy import optimize

    c, top = np.array(counts, dtype=np.float64), max(values)
    v = np.array(values, dtype=np.float64) - top  # so that every lambda > 0 is allowed

    def quantile(log_lambda: float) -> float:
        w = c / (1 - np.exp(log_lambda) * v)
        return float(w @ v / w.sum())

    def missing(log_lambda: float) -> float:
        q, lambda_ = quantile(log_lambda), float(np.exp(log_lambda))
        t = lambda_ / (1 - lambda_ * q)
        u = v - q
        r = np.sqrt(2 * (c @ np.log1p(-t * u)))
        density = np.exp(-(np.array([r]) ** 2) / 2)[0] / np.sqrt(2 * np.pi)  # numpy rounds one number otherwise
        s = t * np.sqrt(c @ (u / (1 - t * u)) ** 2)
        return float(ndtr(r) + density * (1 / r - 1 / s) - probability)

    spread = float(np.sqrt(c @ (v - c @ v / c.sum()) ** 2))
    near, far = np.log(GENTLEST / spread), np.log(STEEPEST / spread)
    return top + quantile(float(optimize.brentq(missing, near, far, xtol=1e-10)))
