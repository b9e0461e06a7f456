"""Barriers against what the size of a layer alone would explain."""

import numpy as np
from jaxtyping import Float


def barrier_ratio(
    barrier: Float[np.ndarray, "host moving"], full: Float[np.ndarray, "host 1"], num_layers: int
) -> Float[np.ndarray, "host moving"]:
    """r_i = s B_i / B_full: 1 where layer i has an s-th part of the full network's barrier.

    It answers whether single layers have low barriers only because they are a small part of the way (a question of the
    paper's reviewers): then r_i would be near 1.

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
        return np.where(full > 0, num_layers * barrier / full, np.nan)


def per_unit(barrier: Float[np.ndarray, "*cuts"], size: Float[np.ndarray, " moving"]) -> Float[np.ndarray, "*cuts"]:
    """B / size: a barrier per squared distance of the weights, or per parameter.

    Beside r_i (which counts layers) it asks whether a group's barrier is low because it moves a short way, or few
    numbers. Along a straight path the excess of a smooth loss grows with the square of the way, hence squared distance.

    Args:
        barrier: B over (..., moving), in nats.
        size: Squared Euclidean distance of the two networks over the group, or its number of parameters.

    Returns:
        Nats per unit; NaN where the size is zero.

    Example:
        >>> per_unit(np.array([[0.5, 1.0]]), np.array([2.0, 0.0])).tolist()
        [[0.25, nan]]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(size > 0, barrier / size, np.nan)
