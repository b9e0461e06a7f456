"""A point of weight space: for every layer, where its weights come from."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor


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


@runtime_checkable
class Direction(Protocol):
    """A way to leave a network: a vector of weight space. Hashable; equal directions are the same vector."""

    def __hash__(self) -> int: ...

    def part(self, key: str, like: Tensor) -> Tensor:
        """The components along one parameter.

        Args:
            key: The parameter's key; of tied keys the one that stands for all.
            like: Its tensor, for shape, dtype and device.

        Returns:
            A tensor of that shape, dtype and device.
        """


class Displaced(NamedTuple):
    """A layer of a network, moved away along a direction: host + scale * direction in every parameter.

    Attributes:
        host: The layer before it moves; its buffers stay.
        direction: Where to.
        scale: How far, in lengths of the direction.
    """

    host: Blend
    direction: Direction
    scale: float


Version = Blend | Displaced


@dataclass(frozen=True, slots=True)
class Point:
    """A network to evaluate. Two points are the same network exactly when they are equal.

    Attributes:
        versions: One for each layer, in layer order.
    """

    versions: tuple[Version, ...]
