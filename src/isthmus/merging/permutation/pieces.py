"""Axes as lists of places: what a permutation of units does to them is an index."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.merging.permutation.extents import Extent, Joined, Nested, Units, simplified


@dataclass(frozen=True)
class Piece:
    """A part of an axis whose places are all combinations of some units.

    Attributes:
        factors: The units, the last running fastest.
        places: Shape (size of the first, size of the second, ...): where each combination stands along the axis.
    """

    factors: tuple[Units, ...]
    places: Tensor


def pieces_of(extent: Extent) -> Iterator[Piece]:
    """An axis as pieces.

    Args:
        extent: What it is made of.

    Yields:
        Pieces whose places make up the axis.

    Raises:
        TypeError: It is another one at each place of a second axis.
    """
    extent = simplified(extent)
    if isinstance(extent, Joined):
        start = 0
        for part in extent.parts:
            for piece in pieces_of(part):
                yield Piece(piece.factors, piece.places + start)
            start += part.size
    elif isinstance(extent, Nested):
        outer, inner = extent.factors[0], Nested(extent.factors[1:])
        block = inner.size
        for first in pieces_of(outer):
            for second in pieces_of(inner):
                places = first.places.reshape(-1, 1) * block + second.places.reshape(1, -1)
                shape = (*first.places.shape, *second.places.shape)
                yield Piece((*first.factors, *second.factors), places.reshape(shape))
    else:
        if not isinstance(extent, Units):
            raise TypeError("an axis that is another one at each place of a second one")
        yield Piece((extent,), torch.arange(extent.size))
