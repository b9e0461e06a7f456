"""The orders in which layers join a growing group. Each function returns every layer once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

NUM_ENDS = 5  # as in the paper


def shallow_first(layers: Sequence[str]) -> list[str]:
    """From the input of the network to its output.

    Args:
        layers: Labels in the order of first use.

    Returns:
        The same order.
    """
    return list(layers)


def deep_first(layers: Sequence[str]) -> list[str]:
    """From the output of the network to its input.

    Args:
        layers: Labels in the order of first use.

    Returns:
        The reverse order.
    """
    return list(reversed(layers))


def ends_first(layers: Sequence[str]) -> list[str]:
    """The paper's order "ends first": the first five layers, the last five, then the middle, each in layer order.

    A network of fewer than eleven layers has no middle beside twice five; there the two ends alternate towards it:
    first, last, second, last but one, and so on.

    Args:
        layers: Labels in the order of first use.

    Returns:
        The ends before the middle.

    Example:
        >>> ends_first(["conv1", "conv2", "conv3", "fc"])
        ['conv1', 'fc', 'conv2', 'conv3']
        >>> "".join(ends_first("abcdefghijkl"))
        'abcdehijklfg'
    """
    n = len(layers)
    if n > 2 * NUM_ENDS:
        return [*layers[:NUM_ENDS], *layers[-NUM_ENDS:], *layers[NUM_ENDS:-NUM_ENDS]]
    return [layers[k // 2] if k % 2 == 0 else layers[n - 1 - k // 2] for k in range(n)]


def random_order(layers: Sequence[str], seed: int) -> list[str]:
    """A random order: layers sorted by the SHA-256 of seed and label, the same on every machine and Python.

    Args:
        layers: Labels in the order of first use.
        seed: Another seed, another order.

    Returns:
        Every order is as likely as any other over the seeds.
    """
    return sorted(layers, key=lambda label: hashlib.sha256(f"{seed}:{label}".encode()).digest())


ORDERS: Mapping[str, Callable[[Sequence[str]], list[str]]] = {
    "shallow_first": shallow_first,
    "deep_first": deep_first,
    "ends_first": ends_first,
}
"""The orders that need nothing but the layers."""
