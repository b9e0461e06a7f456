"""A point of weight space: for every layer, where its weights come from."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple


class Blend(NamedTuple):
    """A layer on the segment between the pair's first (0) and second (1) network.

    Attributes:
        position: Where its parameters and float buffers are taken.
        statistics: Where BatchNorm's running statistics are taken; `position` unless they stay the host's.
        integers: The network, 0 or 1, that gives the integer buffers; 0 where both hold the same.
    """

    position: float
    statistics: float
    integers: int


Version = Hashable  # Blend today; whatever else names the weights of a layer


@dataclass(frozen=True, slots=True)
class Point:
    """A network to evaluate. Two points are the same network exactly when they are equal.

    Attributes:
        versions: One for each layer, in layer order.
    """

    versions: tuple[Version, ...]
