"""Spherical interpolation of two whole networks: what merging tools offer without a measurement."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.weights.interpolation import complement, interpolation
from isthmus.weights.state import LARGE, parts

NEARLY_PARALLEL = 0.9995  # cosine above which the arc is taken as straight, as mergekit 0.1.5 takes it
SHORTEST = 1e-8  # a vector shorter than this has no direction


@dataclass(frozen=True, eq=False)
class FromMeanToArc:
    """The way from the straight line between two networks to the arc between them, tensor by tensor.

    Attributes:
        segment: The two networks.
        position: Where on both, counted from the segment's first network.
    """

    segment: Segment
    position: float

    def part(self, key: str, like: Tensor) -> Tensor:
        """The components along one parameter.

        Args:
            key: Of the parameter.
            like: Its tensor.

        Returns:
            The tensor on the arc less that on the line.
        """
        first, second = (
            weights[key].to(like.device, like.dtype) for weights in (self.segment.first, self.segment.second)
        )
        coefficients = _coefficients(first, second, self.position)
        return _by_parts(
            lambda v, w: _on_arc(v, w, self.position, coefficients) - interpolation(v, w, self.position), first, second
        )


def slerp(first: Tensor, second: Tensor, position: float) -> Tensor:
    """A point of the arc between two tensors.

    Taken as vectors v and w at the angle theta, it is

        sin((1 - t) theta) / sin(theta) v + sin(t theta) / sin(theta) w;

    the straight line where theta is nearly zero. At t = 1/2 the coefficients are 1 / (2 cos(theta / 2)): for any
    angle the result is longer than the mean.

    Args:
        first: v.
        second: w, of the same shape.
        position: t.

    Returns:
        A tensor of the type of v.

    Example:
        >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 0.5)
        tensor([0.7071, 0.7071])
    """
    coefficients = _coefficients(first, second, position)
    return _by_parts(lambda v, w: _on_arc(v, w, position, coefficients), first, second)


def _coefficients(first: Tensor, second: Tensor, position: float) -> tuple[float, float] | None:
    """Those of v and w; None where the arc is taken as straight."""
    pairs = (
        [(first, second)]
        if first.numel() <= LARGE
        else list(zip(parts(first, LARGE), parts(second, LARGE), strict=True))
    )
    lengths = [math.hypot(*(float(part.double().norm()) for part in side)) for side in zip(*pairs, strict=True)]
    if min(lengths) < SHORTEST:
        return None
    cosine = sum(float((v.double() * w.double()).sum()) for v, w in pairs) / (lengths[0] * lengths[1])
    if not abs(cosine) <= NEARLY_PARALLEL:
        return None
    theta = math.acos(cosine)
    return math.sin((1 - position) * theta) / math.sin(theta), math.sin(position * theta) / math.sin(theta)


def _on_arc(v: Tensor, w: Tensor, position: float, coefficients: tuple[float, float] | None) -> Tensor:
    if coefficients is None:
        return interpolation(v, w, position)
    return (coefficients[0] * v.double() + coefficients[1] * w.double()).to(v.dtype)


def _by_parts(function: Callable[[Tensor, Tensor], Tensor], first: Tensor, second: Tensor) -> Tensor:
    """Of large tensors a part at a time: in float64 the embedding of a language model takes as much as the network."""
    if first.numel() <= LARGE:
        return function(first, second)
    made = torch.empty(first.shape, dtype=first.dtype, device=first.device)
    for place, v, w in zip(*(parts(one, LARGE) for one in (made, first, second)), strict=True):
        place.copy_(function(v, w))
    return made


def slerp_point(segment: Segment, alpha: float) -> Point:
    """All parameters of two networks on the arc between them; buffers on the straight line.

    Args:
        segment: The two networks.
        alpha: 0 is network a, 1 network b.

    Returns:
        The point.
    """
    everything = tuple(segment.layers)
    position = complement(alpha) if segment.position_a else float(alpha)
    base = segment.point("a", everything, alpha)
    return segment.displaced("a", everything, FromMeanToArc(segment, position), 1.0, base)
