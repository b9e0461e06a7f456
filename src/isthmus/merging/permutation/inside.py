"""Units that may have an order of their own in each block: the units of a head, the channels of a group."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import fx

from isthmus.merging.permutation.axes import GraphAxes
from isthmus.merging.permutation.extents import Extent, Stacked, Units, simplified, units_of
from isthmus.merging.permutation.operators.call import Axes, Call
from isthmus.merging.permutation.pieces import Piece, pieces_of

MIXING = {"softmax": "self", "log_softmax": "self", "_softmax": "self", "layer_norm": "input", "rms_norm": "input"}
"""Operators that read a whole axis and keep all axes, and the name of what they read."""


def units_inside(axes: GraphAxes, pieces: Mapping[str, Sequence[Sequence[Piece]]]) -> dict[Units, Units]:
    """Units whose order may be another one in each block, and the blocks.

    Wherever such units stand their blocks stand too, so that what an operator does to them it does block by block; and
    no operator mixes the blocks while it keeps the units apart.

    Args:
        axes: Of all tensors.
        pieces: Of the weights' axes.

    Returns:
        Units -> the units that are their blocks, which have one order themselves.
    """
    blocks: dict[Units, list[Units]] = {}
    for own in pieces.values():
        for piece in (one for axis in own for one in axis):
            for place, units in enumerate(piece.factors):
                if not units.reason:
                    before = [one for one in piece.factors[:place] if not one.reason and one is not units]
                    known = blocks.get(units, before)
                    blocks[units] = [one for one in known if one in before]
    candidates = {units: bases for units, bases in blocks.items() if bases}
    for tensor in _tensors(axes):
        for units in [one for extent in tensor for one in units_of(extent) if one in candidates]:
            candidates[units] = [base for base in candidates[units] if _is_beside(tensor, units, base)]
    for mixed, kept in _mixes(axes):
        for units in kept & candidates.keys():
            candidates[units] = [base for base in candidates[units] if base not in mixed]
    alone = {units for units in blocks if not candidates.get(units)}
    found = {units: next((base for base in bases if base in alone), None) for units, bases in candidates.items()}
    return {units: base for units, base in found.items() if base is not None}


def _tensors(axes: GraphAxes) -> Iterator[Axes]:
    """All tensors; of one that is another one at each place of an axis, each of these."""
    for value in axes.values.values():
        for one in value if isinstance(value, list) else [value]:
            own = tuple(simplified(extent) for extent in one or ())
            indices = {extent.index for extent in own if isinstance(extent, Stacked)}
            for place in range(min((index.size for index in indices), default=1)):
                yield tuple(extent.options[place] if isinstance(extent, Stacked) else extent for extent in own)


def _is_beside(tensor: Axes, units: Units, base: Units) -> bool:
    """Whether each place of the units in a tensor belongs to one block."""
    axes = [list(pieces_of(extent)) for extent in tensor]
    count = sum(piece.factors.count(base) for axis in axes for piece in axis)
    holding = [piece for axis in axes for piece in axis if units in piece.factors]
    return all(base in piece.factors[: piece.factors.index(units)] or count == 1 for piece in holding)


def _mixes(axes: GraphAxes) -> Iterator[tuple[set[Units], set[Units]]]:
    for node in axes.values:
        name = node.target._opname if isinstance(node.target, torch._ops.OpOverload) else ""
        if name in MIXING:
            read = axes.values[node]
            if isinstance(read, tuple):
                dims = _read_whole(Call(node, name, axes.values), node, len(read))
                yield _units(read, dims), _units(read, set(range(len(read))) - dims)


def _read_whole(call: Call, node: fx.Node, rank: int) -> set[int]:
    if "softmax" in call.name:
        return {call.dimension("dim", rank)}
    return set(range(rank - len(call.numbers("normalized_shape")), rank)) if node.args[1:] else set()


def _units(axes: Sequence[Extent], dims: set[int]) -> set[Units]:
    return {units for dim in dims for units in units_of(axes[dim]) if not units.reason}
