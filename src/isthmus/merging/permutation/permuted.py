"""A permutation of a network's units, and the network that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.merging.permutation.extents import Units
from isthmus.merging.permutation.groups import Symmetry
from isthmus.merging.permutation.pieces import Piece
from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class Permutation:
    """One order for each group: place i holds what was unit order[i].

    Attributes:
        symmetry: The groups.
        orders: Units -> whole numbers, each from 0 to size - 1 once; groups that are absent stay. Units with
            an order of their own in each block have a row for each: place (i, j) holds what was (blocks[i], row i[j]).
    """

    symmetry: Symmetry
    orders: Mapping[Units, Tensor]

    def order(self, units: Units) -> Tensor:
        """The order of one set of units.

        Args:
            units: Free or fixed.

        Returns:
            Whole numbers; 0, 1, 2, ... for what stays.
        """
        return self.orders[units] if units in self.orders else home(self.symmetry, units)

    def with_order(self, units: Units, order: Tensor) -> "Permutation":
        """The same permutation but for one group.

        Args:
            units: Of the group.
            order: Its new order.

        Returns:
            Another permutation.
        """
        return Permutation(self.symmetry, {**self.orders, units: order})

    def sources(self, axis: tuple[Piece, ...]) -> Tensor:
        """Where each place of an axis takes its numbers from.

        Args:
            axis: Its pieces.

        Returns:
            A place of the axis for each of its places.
        """
        found = torch.empty(sum(piece.places.numel() for piece in axis), dtype=torch.long)
        for piece in axis:
            index = []
            for dim, units in enumerate(piece.factors):
                shape = [1] * len(piece.factors)
                shape[dim] = units.size
                if units in self.symmetry.inside:
                    base = self.symmetry.inside[units]
                    shape[piece.factors.index(base)] = base.size
                index.append(self.order(units).reshape(shape))
            found[piece.places.reshape(-1)] = piece.places[tuple(index)].reshape(-1)
        return found

    def tensor(self, key: str, tensor: Tensor) -> Tensor:
        """An entry of the state dict with its units in their new places.

        Args:
            key: Its key.
            tensor: What the network had.

        Returns:
            The same numbers, moved.
        """
        for dim, axis in enumerate(self.symmetry.pieces.get(key, ())):
            if any(units in self.orders for piece in axis for units in piece.factors):
                tensor = tensor.index_select(dim, self.sources(axis).to(tensor.device))
        return tensor

    def __call__(self, weights: StateDict) -> dict[str, Tensor]:
        """The network with its units permuted.

        Args:
            weights: The network.

        Returns:
            Another point of weight space with the same function.
        """
        return {key: self.tensor(key, tensor) for key, tensor in weights.items()}

    def after(self, first: "Permutation") -> "Permutation":
        """The permutation that does another one and then this one.

        Args:
            first: What is done first, of the same groups.

        Returns:
            One permutation.
        """
        made = {}
        for units in {**first.orders, **self.orders}:
            before, own, base = first.order(units), self.order(units), self.symmetry.inside.get(units)
            made[units] = before[own] if base is None else before[self.order(base)].gather(1, own)
        return Permutation(self.symmetry, made)

    def inverse(self) -> "Permutation":
        """The permutation that undoes this one.

        Returns:
            One permutation.
        """
        made = {}
        for units, order in self.orders.items():
            base = self.symmetry.inside.get(units)
            back = torch.argsort(order, dim=-1)
            made[units] = back if base is None else back[torch.argsort(self.order(base))]
        return Permutation(self.symmetry, made)

    @property
    def num_moved(self) -> int:
        """How many units are elsewhere than they were, over all groups."""
        return sum(int((order != torch.arange(order.shape[-1])).sum()) for order in self.orders.values())


def home(symmetry: Symmetry, units: Units) -> Tensor:
    """The order of units that stay where they are.

    Args:
        symmetry: The groups.
        units: Of one of them, or fixed.

    Returns:
        0, 1, 2, ...; a row for each block where they have an order in each.
    """
    order = torch.arange(units.size)
    return order.repeat(symmetry.inside[units].size, 1) if units in symmetry.inside else order


def random_permutation(symmetry: Symmetry, seed: int) -> Permutation:
    """A random order for every group.

    Args:
        symmetry: The groups.
        seed: Of the draw.

    Returns:
        A permutation.
    """
    random = torch.Generator().manual_seed(seed)
    made = {}
    for group in symmetry.groups:
        rows = [torch.randperm(group.size, generator=random) for _ in range(group.blocks)]
        made[group.units] = torch.stack(rows) if group.units in symmetry.inside else rows[0]
    return Permutation(symmetry, made)
