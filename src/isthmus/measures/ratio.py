"""Rises compared with what the size of a layer alone explains."""

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.intervals.paired_ratio import paired_ratio


def rise_share(rises: Float[np.ndarray, " n"], full: Float[np.ndarray, " n"], num_layers: int) -> Estimate:
    """r_i = s R_i / R_full with its 95 % interval: 1 where layer i has an s-th part of the full network's rise.

    It answers whether single layers cost little only because they are a small part of the way (a question of the
    paper's reviewers): then r_i would be near 1. R is the rise over the host at one alpha, so that a layer that does
    nothing has r_i = 0 whatever the other network is worth; over the mean of two unequal networks it would have
    s times their half difference over B_full, positive into one host and negative into the other.

    Args:
        rises: What every example costs more with layer i moved.
        full: With all layers moved, of the same examples.
        num_layers: s.

    Returns:
        r_i with its interval (`isthmus.measures.intervals.paired_ratio`, unbounded where R_full may be zero and for a
        single example). All are zero where no example changes; NaN where R_full is not positive, since a share of
        nothing is undefined.

    Example:
        >>> r = rise_share(np.array([0.25, 0.5, 0.375]), np.array([1.0, 2.0, 1.5]), 4)
        >>> r.value, round(r.low, 6), round(r.high, 6)
        (1.0, 1.0, 1.0)
    """
    if not rises.any():
        return Estimate.exact(0.0)
    with np.errstate(invalid="ignore"):
        layer, whole = float(rises.mean()), float(full.mean())
    if not (whole > 0 and np.isfinite(layer) and np.isfinite(whole)):
        return UNKNOWN
    if len(full) < 2:
        return Estimate(num_layers * layer / whole, -np.inf, np.inf)
    found = paired_ratio(rises, full)
    return Estimate(num_layers * found.value, num_layers * found.low, num_layers * found.high)


def barrier_ratio(
    barrier: Float[np.ndarray, "host moving"], full: Float[np.ndarray, "host 1"], num_layers: int
) -> Float[np.ndarray, "host moving"]:
    """r_i = s B_i / B_full: 1 where layer i has an s-th part of the full network's barrier.

    The number that the paper's reviewers asked for. `rise_share` answers their question for unequal networks too: over
    their mean a layer that does nothing has a barrier of half their difference here, and so an r_i that isn't zero.

    Args:
        barrier: B_i of single layers.
        full: B_full of the same host.
        num_layers: s.

    Returns:
        r_i; NaN where the full barrier is not positive, since a share of nothing is undefined.

    Example:
        >>> barrier_ratio(np.array([[0.125, 0.25]]), np.array([[1.0]]), 4).tolist()
        [[0.5, 1.0]]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of no barrier there are no shares.
        return np.where(full > 0, num_layers * barrier / full, np.nan)


def per_unit(rise: Float[np.ndarray, "*cuts"], size: Float[np.ndarray, " moving"]) -> Float[np.ndarray, "*cuts"]:
    """R / size: a rise per squared distance of the weights, or per parameter.

    Beside r_i (which counts layers) it asks whether a group costs little because it moves a short way, or few numbers.
    From a minimum the rise of a smooth loss grows with the square of the way, hence squared distance.

    Args:
        rise: R over (..., moving), in nats.
        size: Squared Euclidean distance of the two networks over the group, or its number of parameters.

    Returns:
        Nats per unit; NaN where the size is zero.

    Example:
        >>> per_unit(np.array([[0.5, 1.0]]), np.array([2.0, 0.0])).tolist()
        [[0.25, nan]]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(size > 0, rise / size, np.nan)
