"""Means over a finite data set from some of its examples, with an allowance for an unseen tail."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from isthmus.measures.intervals.interval import Rows

TAIL_REACH = 3.0  # the unseen example is this much farther off than the farthest seen (docs/decisions.md, Measures)

Square = Float[np.ndarray, "rows rows"]


@dataclass(frozen=True)
class SampledMean:
    """Means over all N examples of a data set, estimated from n of them.

    Attributes:
        num_examples: n.
        mean: The estimates.
        covariance: Theirs; zero when all N were used.
    """

    num_examples: int
    mean: Float[np.ndarray, " rows"]
    covariance: Square

    @property
    def errors(self) -> Float[np.ndarray, " rows"]:
        """Standard errors of the estimates; NaN where values are not finite."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(self.covariance.diagonal().clip(min=0)))


@dataclass(frozen=True)
class Further:
    """What is known of a part o of values d = r + o from further examples.

    Attributes:
        num_examples: m, on how many o is known.
        shift: The mean of o among these less that among the n on which d is known (`shift_of`).
        of_rest: S_r, from `spread`.
    """

    num_examples: int
    shift: Float[np.ndarray, " rows"]
    of_rest: Square


def reach(values: Rows) -> float:
    """How far the farthest example lies from the mean of its row.

    Args:
        values: One row a mean.

    Returns:
        The largest distance of all rows; NaN where a value is not finite.
    """
    if not np.isfinite(values).all():
        return np.nan
    return float(np.abs(values - values.mean(axis=1, keepdims=True)).max())


def spread(values: Rows, usual_reach: float, is_known: Bool[np.ndarray, " rows"]) -> Square:
    """The covariance of one example, with an allowance for a tail that was not seen.

    Of a long tail a sample shows a part, and the variance and the mean of the rest are missing together: that is why
    intervals of heavy-tailed means are too short where they miss. So the variance is taken as if one more example had
    been drawn that lies three times as far off as any that was:

        s² + (3 · max(reach, usual reach))² / n,

    with the reach of the row's own examples and, since one cut may have hidden its tail where others have shown
    theirs, the usual reach of the cuts that were measured on the same examples. (Bounds that hold without such an
    assumption need a largest possible loss, which cross-entropy has not: Waudby-Smith and Ramdas, "Estimating means of
    bounded random variables by betting", JRSS B, 2023.)

    Args:
        values: One row a mean, one column an example.
        usual_reach: Of other cuts, from `reach`; zero if there is none.
        is_known: Rows that are zero for every example by construction, which need no allowance.

    Returns:
        In the square of the unit of the values; NaN where a value is not finite, or from a single example.

    Example:
        >>> spread(np.array([[1.0, -1.0, 1.0, -1.0]]), 0.0, np.array([False])).round(4)
        array([[3.5833]])
    """
    n = values.shape[1]
    if n < 2 or not np.isfinite(values).all():
        return np.full((len(values), len(values)), np.nan)
    centred = values - values.mean(axis=1, keepdims=True)
    tail = TAIL_REACH * np.abs(centred).max(axis=1).clip(min=usual_reach)
    return np.asarray(centred @ centred.T / (n - 1) + np.diag(np.where(is_known, 0.0, tail**2 / n)))


def sampled_mean(values: Rows, of_one: Square, num_population: int, further: "Further | None" = None) -> SampledMean:
    """The means of n examples drawn without replacement: covariance (1/n - 1/N) S.

    Where values d = r + o have a part o that is known on more examples, m >= n, their mean is shifted by how much the
    mean of o among the m differs from that among the n, and the covariance is (1/n - 1/m) S_r + (1/m - 1/N) S_d.
    (Two-phase sampling: Cochran, Sampling Techniques, 3rd ed., 1977, chapter 12.)

    Args:
        values: d, one row a mean, one column an example.
        of_one: S_d, from `spread`.
        num_population: N.
        further: What is known of o on more examples.

    Returns:
        The estimates.
    """
    n = values.shape[1]
    m, shift, of_rest = (n, 0.0, of_one) if further is None else (further.num_examples, further.shift, further.of_rest)
    with np.errstate(invalid="ignore"):
        mean = values.mean(axis=1) + shift
        covariance = _scaled(1 / n - 1 / m, of_rest) + _scaled(1 / m - 1 / num_population, of_one)
    return SampledMean(n, mean, covariance)


def shift_of(values: Float[np.ndarray, "*rows m"], n: int) -> Float[np.ndarray, "*rows"]:
    """By how much further examples change a mean.

    Args:
        values: On all m.
        n: How many of the first are the smaller sample.

    Returns:
        The mean of all less that of the first n; zero where that is not finite.
    """
    with np.errstate(invalid="ignore"):
        shift = values.mean(axis=-1) - values[..., :n].mean(axis=-1)
    return np.where(np.isfinite(shift), shift, 0.0)


def _scaled(factor: float, covariance: Square) -> Square:
    # Zero times a covariance of infinite losses would be NaN.
    return np.zeros_like(covariance) if factor == 0 else factor * covariance
