"""State dicts whose tensors are made when they are read, so that a network is written or hashed without being held."""

from collections.abc import Callable, Collection, Iterator, Mapping

from torch import Tensor

from isthmus.weights.state import StateDict


class MadeWhenRead(Mapping[str, Tensor]):
    """A state dict of which nobody holds the tensors: each is made anew whenever it is read.

    Args:
        layout: Tensors of the same keys, shapes and types; those on the device `meta` take no memory.
        entry: Makes the tensor of a key.

    Example:
        >>> import torch
        >>> twos = MadeWhenRead({"w": torch.empty(2, device="meta")}, lambda key: torch.full((2,), 2.0))
        >>> twos["w"].tolist(), list(twos)
        ([2.0, 2.0], ['w'])
    """

    def __init__(self, layout: StateDict, entry: Callable[[str], Tensor]) -> None:
        self.layout = layout
        self._entry = entry

    def __getitem__(self, key: str) -> Tensor:
        return self._entry(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout)

    def __len__(self) -> int:
        return len(self.layout)

    def __contains__(self, key: object) -> bool:
        return key in self.layout


def layout_of(weights: StateDict) -> StateDict:
    """Tensors of the keys, shapes and types of a state dict, without reading what is made when it is read.

    Args:
        weights: Any state dict.

    Returns:
        Its own tensors, or others of their form.
    """
    return weights.layout if isinstance(weights, MadeWhenRead) else weights


def some_of(weights: StateDict, keys: Collection[str]) -> StateDict:
    """Some entries of a state dict, in its order.

    Args:
        weights: Any state dict.
        keys: Which entries.

    Returns:
        A state dict of the same kind.
    """
    wanted = set(keys)
    layout = {key: tensor for key, tensor in layout_of(weights).items() if key in wanted}
    return MadeWhenRead(layout, weights.__getitem__) if isinstance(weights, MadeWhenRead) else layout
