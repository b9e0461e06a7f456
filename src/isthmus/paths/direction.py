"""Random directions: what the averaging direction is compared with."""

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from isthmus.paths.host import Host
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.weights.made_when_read import layout_of


@dataclass(frozen=True)
class RandomDirection:
    """Independent standard normal numbers in every parameter, the same on every machine and device.

    Every parameter has a stream of its own, seeded by seed, draw and key. A direction is a value: asked again it gives
    the same numbers, at every distance and for every host, so points along it lie on one line.

    Attributes:
        seed: Of the measurement.
        draw: Which of several directions.

    Example:
        >>> direction, like = RandomDirection(seed=0, draw=1), torch.empty(3)
        >>> torch.equal(direction.part("fc.bias", like), direction.part("fc.bias", like))
        True
    """

    seed: int
    draw: int

    def part(self, key: str, like: Tensor) -> Tensor:
        """The components along one parameter.

        Args:
            key: The parameter's key.
            like: Its tensor, for shape, dtype and device.

        Returns:
            Standard normal numbers.
        """
        return self._numbers(key, like.shape).to(like.device, like.dtype)

    def length(self, segment: Segment, moving: Collection[str]) -> float:
        """The Euclidean length of the components along the parameters of some layers, summed in float64.

        Args:
            segment: Knows the layers' parameters.
            moving: Labels of layers.

        Returns:
            0 if they have no parameters.
        """
        shapes = layout_of(segment.first)
        return math.sqrt(sum(_squared_length(self, key, shapes[key].shape) for key in segment.parameters(moving)))

    def _numbers(self, key: str, shape: torch.Size) -> Tensor:
        digest = hashlib.sha256(f"direction:{self.seed}:{self.draw}:{key}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        # On the processor: a GPU's generator would draw other numbers from the same seed.
        return torch.randn(shape, generator=generator)


# Groups of growing sweeps ask for the same keys again; drawing all numbers of a key is the costly part.
@lru_cache(maxsize=2**16)
def _squared_length(direction: RandomDirection, key: str, shape: torch.Size) -> float:
    return float(direction._numbers(key, shape).double().square().sum())


@dataclass(frozen=True)
class RandomStep:
    """A step of the host along a random direction, as long as that of averaging.

    The moving layers W go to W + fraction * |d| * g / |g|: d is the difference of the two networks in the parameters of
    the moving layers, g has independent standard normal numbers there (Adilova et al., Figure 4), both lengths are
    those of the moving layers alone. Weights elsewhere, and all buffers, stay the host's.

    Attributes:
        direction: g.
        moving: Labels of the moving layers.
        scale: |d| / |g|.
    """

    direction: RandomDirection
    moving: tuple[str, ...]
    scale: float

    @classmethod
    def of_length(
        cls, length: float, direction: RandomDirection, segment: Segment, moving: tuple[str, ...]
    ) -> "RandomStep":
        """The step of a given length.

        Args:
            length: |d|.
            direction: g.
            segment: Knows the layers' parameters.
            moving: Labels of the moving layers.

        Returns:
            A step; one of no length where the layers have no parameters.
        """
        own = direction.length(segment, moving)
        return cls(direction, moving, length / own if own else 0.0)

    def point(self, segment: Segment, host: Host, fraction: float) -> Point:
        """The network at a fraction of the step.

        Args:
            segment: The two networks.
            host: Which of them leaves.
            fraction: 0 is the host, 1 the whole step.

        Returns:
            One point of the line.
        """
        return segment.displaced(host, self.moving, self.direction, fraction * self.scale)
