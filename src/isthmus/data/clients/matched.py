"""A client's test part: official test examples in the shares of its training part.

The rule of a partition, applied to the test split, doesn't do: shards and mixtures give other shares there, and a small
client would have no example at all.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from isthmus.data.clients.draws import rounded_shares, shuffled
from isthmus.errors import InputError, short_list

Numbers = Int[np.ndarray, " _"]

LEAST = 30
"""Test examples of a small client: with fewer, accuracy is mostly chance."""


def matched_parts(
    parts: Sequence[Numbers],
    labels: Numbers,
    test_labels: Numbers,
    seed: int,
    where: str = "the test examples",
    kind: str = "class",
) -> list[Numbers]:
    """The test examples of every client.

    A client has the share of the test examples that it has of the training examples, though at least `LEAST`, and of
    class c its training share, rounded up or down. The examples of a class are handed out in random order,
    client by client, and from the first again when they are used up: only then have two clients the same one.

    Args:
        parts: The numbers of each client's training examples, at least one a client.
        labels: Class number of each training example, or that of another kind whose shares are to agree.
        test_labels: As `labels`, of each test example.
        seed: Another seed, other test examples.
        where: What to call the test examples in a message.
        kind: What to call what is numbered.

    Returns:
        For each client example numbers in ascending order, none twice; fewer than its size asks for where a class has
        too few.

    Raises:
        InputError: There is no test example of a class that a client needs.

    Example:
        >>> parts = [np.arange(4), np.arange(4, 8)]
        >>> trained, tested = np.array([0, 0, 0, 1, 1, 1, 1, 1]), np.tile([0, 1], 100)
        >>> [np.bincount(tested[part]).tolist() for part in matched_parts(parts, trained, tested, seed=0)]
        [[75, 25], [0, 100]]
    """
    classes = np.unique(labels).tolist()
    stock = [shuffled(np.flatnonzero(test_labels == label), seed) for label in classes]
    available = np.array([len(indices) for indices in stock])
    sizes = rounded_shares(np.array([len(part) for part in parts]) / len(labels), len(test_labels))
    given = np.zeros_like(available)
    matched = []
    for client, (part, size) in enumerate(zip(parts, sizes.tolist(), strict=True)):
        shares = np.array([np.count_nonzero(labels[part] == label) for label in classes]) / len(part)
        # Equal remainders go to the classes that are least used up, so that clients alike don't all take the same.
        order = np.argsort(given / np.maximum(available, 1), kind="stable")
        counts = _in_order(order, shares, max(size, LEAST))
        absent = [label for label, count, there in zip(classes, counts, available, strict=True) if count > there == 0]
        if absent:
            raise InputError(
                f"test examples of {kind} {short_list(absent)}, which client {client} trains on",
                f"none among {len(test_labels)}",
                where,
                "take more of the test split",
            )
        # Fewer of all classes, so that the shares stay those of training.
        while (counts > available).any():
            counts = _in_order(order, shares, int(counts.sum()) - 1)
        ranges = zip(stock, given, counts, strict=True)
        matched.append(np.sort(np.concatenate([np.roll(indices, -done)[:count] for indices, done, count in ranges])))
        given += counts
    return matched


def _in_order(order: Numbers, shares: Float[np.ndarray, " _"], total: int) -> Numbers:
    counts = np.zeros_like(order)
    counts[order] = rounded_shares(shares[order], total)
    return counts
