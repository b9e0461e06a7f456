"""Groups of units that may be permuted, where they stand in the weights, and which axes stay as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from isthmus.merging.permutation.axes import GraphAxes
from isthmus.merging.permutation.extents import Extent, Joined, Units, simplified, units_of
from isthmus.merging.permutation.inside import units_inside
from isthmus.merging.permutation.pieces import Piece, pieces_of


@dataclass(frozen=True)
class Group:
    """Units that may be permuted, everywhere alike.

    Attributes:
        name: The module that makes them.
        units: What stands in the pieces of axes.
        members: The axes that hold them, as "conv2.weight[1]".
        blocks: In how many blocks they stand, with an order of its own in each.
    """

    name: str
    units: Units
    members: tuple[str, ...]
    blocks: int = 1

    @property
    def size(self) -> int:
        """How many units."""
        return self.units.size


@dataclass(frozen=True)
class FixedAxis:
    """An axis, or a part of it, that stays as it is.

    Attributes:
        axis: Such as "fc.weight[0]".
        size: Its fixed places.
        reason: Why.
    """

    axis: str
    size: int
    reason: str


@dataclass(frozen=True)
class Symmetry:
    """All permutations of units that leave a network's function as it is, as far as the rules know.

    Attributes:
        pieces: Key -> for each axis its pieces; of floating-point entries that the forward pass reads.
        groups: What may be permuted, in order of first use.
        fixed: What may not.
        inside: Units -> those that are their blocks, where each block has an order of its own.
        together: Units -> those that they are a part of.
    """

    pieces: dict[str, tuple[tuple[Piece, ...], ...]]
    groups: tuple[Group, ...]
    fixed: tuple[FixedAxis, ...]
    inside: Mapping[Units, Units]
    together: Mapping[Units, Units]

    def pieces_of(self, extent: Extent) -> tuple[Piece, ...]:
        """An axis of any tensor of the network as pieces.

        Args:
            extent: What it is made of.

        Returns:
            Pieces whose places make up the axis.
        """
        return tuple(_put_together(list(pieces_of(extent)), self.together))

    @cached_property
    def by_units(self) -> dict[Units, Group]:
        """The group of each free set of units."""
        return {group.units: group for group in self.groups}


def symmetry_of(axes: GraphAxes) -> Symmetry:
    """Read groups off the axes of the weights.

    Args:
        axes: Of a network.

    Returns:
        Its groups.
    """
    together = _together(axes)
    pieces = {
        key: tuple(tuple(_put_together(list(pieces_of(extent)), together)) for extent in own)
        for key, own in axes.weights.items()
    }
    members: dict[Units, list[str]] = {}
    names: dict[Units, str] = {}
    fixed: list[FixedAxis] = []
    for key, place, piece in _all(pieces):
        axis = f"{key}[{place}]"
        free = [units for units in piece.factors if not units.reason]
        for units in free:
            members.setdefault(units, []).append(axis)
            names.setdefault(units, _name(key, piece, units))
        if not free and piece.places.numel() > 1:
            fixed.append(FixedAxis(axis, piece.places.numel(), piece.factors[0].reason))
    inside = units_inside(axes, pieces)
    groups = tuple(
        Group(name, units, tuple(dict.fromkeys(members[units])), inside[units].size if units in inside else 1)
        for units, name in zip(names, _unique(list(names.values())), strict=True)
    )
    return Symmetry(pieces, groups, tuple(fixed), inside, together)


def _all(pieces: Mapping[str, tuple[tuple[Piece, ...], ...]]) -> Iterator[tuple[str, int, Piece]]:
    for key, axes in pieces.items():
        for place, axis in enumerate(axes):
            for piece in axis:
                yield key, place, piece


def _together(axes: GraphAxes) -> dict[Units, Units]:
    # Units that stand in the same axes of all tensors, such as the zeros padded on both sides, may mix. Where an axis
    # was cut because its parts go different ways, some tensor holds one part without the other.
    seen: dict[Units, list[tuple[int, int, int]]] = {}
    values = axes.values.values()
    tensors = [one for value in values for one in (value if isinstance(value, list) else [value]) if one]
    for number, tensor in enumerate((*tensors, *axes.weights.values())):
        for dim, extent in enumerate(tensor):
            own = simplified(extent)
            parts = own.parts if isinstance(own, Joined) else (own,)
            for units in units_of(own):
                if not units.reason:
                    seen.setdefault(units, []).append((number, dim, parts.count(units)))
    alike: dict[tuple[tuple[int, int, int], ...], list[Units]] = {}
    for units, stands in seen.items():
        if all(count == 1 for _, _, count in stands):  # always a part of an axis by itself
            alike.setdefault(tuple(stands), []).append(units)
    found: dict[Units, Units] = {}
    for same in alike.values():
        if len(same) > 1:
            found |= dict.fromkeys(same, Units(sum(one.size for one in same)))
    return found


def _put_together(pieces: list[Piece], together: Mapping[Units, Units]) -> Iterator[Piece]:
    """The pieces of an axis, those that may mix as one."""
    # Their order is the same everywhere: what is put elsewhere stands alone in some tensor before that.
    waiting: dict[Units, list[Tensor]] = {}
    for piece in pieces:
        whole = together.get(piece.factors[0])
        if whole is None:
            yield piece
        else:
            waiting.setdefault(whole, []).append(piece.places)
    for whole, parts in waiting.items():
        yield Piece((whole,), torch.cat(parts))


def _name(key: str, piece: Piece, units: Units) -> str:
    path = key.rpartition(".")[0] or key
    free = [one for one in piece.factors if not one.reason]
    if len(piece.factors) == 1 or free == [units]:
        return path
    return f"{path}, blocks" if units is piece.factors[0] else f"{path}, within blocks"


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
