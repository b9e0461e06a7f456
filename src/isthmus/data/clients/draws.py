"""What chance decides about clients: every draw is a SHA-256 of the seed and of what is drawn for."""

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaincinv

from isthmus.data.clients.partition import ClientPartition

Indices = Int[np.ndarray, " m"]


def dirichlet_shares(partition: ClientPartition, places: Sequence[tuple[int, int]]) -> Float[np.ndarray, " places"]:
    """One draw from Dir(A, ..., A): gamma variates divided by their sum, from hashes.

    Args:
        partition: `amount` is A, of any size above 0; and the seed.
        places: The (class, client) that each share belongs to.

    Returns:
        Shares that add up to 1.
    """
    return normalised(log_gammas(partition, places))


def rounded_shares(shares: Float[np.ndarray, " k"], total: int) -> Int[np.ndarray, " k"]:
    """Whole numbers in given shares, by largest remainders.

    Args:
        shares: Not negative, adding up to 1.
        total: What the numbers add up to.

    Returns:
        Each is total times its share, rounded up or down.

    Example:
        >>> rounded_shares(np.array([0.5, 0.3, 0.2]), 4)
        array([2, 1, 1])
    """
    exact = shares * total
    counts: np.ndarray = np.floor(exact).astype(np.int64)
    # Stable, so that of equal remainders the first is rounded up on every machine.
    largest = np.argsort(counts - exact, kind="stable")[: total - int(counts.sum())]
    # The method of largest remainders: the sum is exact, and no part is off by one example or more.
    counts[largest] += 1
    return counts


def log_gammas(partition: ClientPartition, places: Sequence[tuple[int, int]]) -> Float[np.ndarray, " places"]:
    """Logarithms of Gamma(A) variates: Gamma(A + 1) by its inverse distribution, times U^(1/A), which may underflow.

    Args:
        partition: `amount` is A; and the seed.
        places: The (class, client) that each variate belongs to.

    Returns:
        One a place.
    """
    first, second = (np.array([_uniform(partition.seed, name, *place) for place in places]) for name in "xy")
    # Gamma(a) is Gamma(a + 1) U^(1/a): in logarithms, since at small a nearly all of it is below the smallest float.
    return np.asarray(np.log(gammaincinv(partition.amount + 1, first)) + np.log(second) / partition.amount)


def normalised(logarithms: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Weights divided by their sum.

    Args:
        logarithms: Of the weights; at least one is finite.

    Returns:
        Shares that add up to 1.
    """
    # The largest becomes 1, so that nothing overflows and the sum is never 0.
    weights: np.ndarray = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum())


def shuffled(indices: Indices, seed: int) -> Indices:
    """Example numbers in random order, which depends on nothing but these numbers and the seed.

    Args:
        indices: The numbers.
        seed: Another seed, another order.

    Returns:
        The same numbers.
    """
    return np.array(sorted(indices.tolist(), key=lambda index: hashed_number(seed, "example", index)), dtype=np.int64)


def hashed_number(seed: int, *place: int | str) -> int:
    """53 random bits: as many as a float64 between 0 and 1 holds.

    Args:
        seed: Another seed, another number.
        place: What is drawn for.

    Returns:
        A whole number below 2^53.
    """
    text = ":".join(map(str, ("client", seed, *place)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11


def _uniform(seed: int, *place: int | str) -> float:
    """Strictly between 0 and 1: the half keeps it off 0, of which there is no logarithm."""
    return (hashed_number(seed, *place) + 0.5) / 2**53
