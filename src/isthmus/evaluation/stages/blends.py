"""Weights of layers at their versions, computed when needed and kept while there is room."""

from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.paths.linear import Segment
from isthmus.paths.point import Version
from isthmus.weights.casting import bytes_in, stored_in

MANY_BYTES = 2**25  # of blends, for which giving back what was freed takes a small part of the time


class LayerBlends:
    """Weights of layers in the network's dtype; those used last are kept, up to the size of one network or the room.

    Weights that are the two networks' own tensors take no room.

    Args:
        segment: Makes the weights of a layer.
        dtype: The floating type they are cast to.
        room_bytes: May be taken even if one network takes less.
    """

    def __init__(self, segment: Segment, dtype: torch.dtype, room_bytes: int = 0) -> None:
        self.segment = segment
        self.dtype = dtype
        self.room_bytes = max(bytes_in(segment.first, dtype), room_bytes)
        # At both ends a layer hands on the networks' own tensors, which take no further memory.
        self._own = {id(tensor) for end in (segment.first, segment.second) for tensor in stored_in(end).values()}
        self._kept: OrderedDict[tuple[str, Version], tuple[dict[str, Tensor], int]] = OrderedDict()
        self._kept_bytes = self._new_bytes = 0

    def __call__(self, layers: Iterable[tuple[str, Version]]) -> dict[str, Tensor]:
        """The weights of some layers.

        Args:
            layers: Labels and versions.

        Returns:
            Key -> tensor, for every key of these layers.
        """
        return {key: tensor for item in layers for key, tensor in self._layer(item).items()}

    def _layer(self, item: tuple[str, Version]) -> dict[str, Tensor]:
        if item in self._kept:
            self._kept.move_to_end(item)
            return self._kept[item][0]
        weights = self.segment.layer_weights(*item, self.dtype)
        # Tied weights are one tensor.
        made = {tensor.data_ptr(): tensor.nbytes for tensor in weights.values() if id(tensor) not in self._own}
        made_bytes = sum(made.values())
        self._kept[item] = weights, made_bytes
        self._kept_bytes += made_bytes
        self._new_bytes += made_bytes
        # The blends together never take more than there is room for; the one that was used longest ago goes first.
        while self._kept_bytes > self.room_bytes:
            _, (_, dropped_bytes) = self._kept.popitem(last=False)
            self._kept_bytes -= dropped_bytes
        if self._new_bytes > max(MANY_BYTES, self.room_bytes // 16):
            # Values of batches are freed between blends that stay, and leave holes that no later value fits into.
            give_back()
            self._new_bytes = 0
        return weights
