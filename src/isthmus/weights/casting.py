"""Weights in another floating-point type: at once, or entry by entry as they are read."""

import torch
from torch import Tensor

from isthmus.weights.made_when_read import MadeWhenRead, layout_of
from isthmus.weights.state import StateDict


class CastWhenRead(MadeWhenRead):
    """A state dict in another floating-point type, of which nobody holds the tensors.

    Args:
        stored: The tensors that are held.
        dtype: The type that a floating-point entry is read in.
    """

    def __init__(self, stored: StateDict, dtype: torch.dtype) -> None:
        layout = {
            key: torch.empty(tensor.shape, dtype=dtype, device="meta") if tensor.is_floating_point() else tensor
            for key, tensor in layout_of(stored).items()
        }
        super().__init__(layout, lambda key: entry_as(stored, key, dtype))
        self.stored = stored
        self.dtype = dtype


def cast_when_read(weights: StateDict, dtype: torch.dtype) -> StateDict:
    """The weights with every floating-point entry in a type, as of `cast_weights`.

    Args:
        weights: Any state dict.
        dtype: A floating-point type.

    Returns:
        The state dict itself where it is of that type; else one that casts an entry when it is read.
    """
    layout = layout_of(weights)
    if all(tensor.dtype == dtype for tensor in layout.values() if tensor.is_floating_point()):
        return weights
    return CastWhenRead(weights, dtype)


def cast_weights(weights: StateDict, dtype: torch.dtype) -> dict[str, Tensor]:
    """The weights with every floating-point entry in `dtype`; integers and complex numbers stay as they are."""
    return {key: entry_as(weights, key, dtype) for key in weights}


def cast_tensor(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """The tensor in a floating-point type if it is of such a type itself; else as it is."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def entry_as(weights: StateDict, key: str, dtype: torch.dtype) -> Tensor:
    """One entry in a floating-point type; of weights that were widened, the stored tensor itself where it has the type.

    Args:
        weights: Any state dict.
        key: Of the entry.
        dtype: A floating-point type.

    Returns:
        A tensor that shares memory with a stored one of that type; integers and complex numbers as they are.
    """
    if isinstance(weights, CastWhenRead):
        stored = weights.stored[key]
        # Widening loses nothing, and so need not be done first.
        tensor = stored if stored.dtype.itemsize <= weights.dtype.itemsize else weights[key]
    else:
        tensor = weights[key]
    return cast_tensor(tensor, dtype)


def bytes_in(weights: StateDict, dtype: torch.dtype) -> int:
    """How much memory the weights take, or would take, in a floating-point type; no tensor is read."""
    tensors = layout_of(weights).values()
    return sum(t.numel() * (dtype.itemsize if t.is_floating_point() else t.dtype.itemsize) for t in tensors)


def stored_in(weights: StateDict) -> StateDict:
    """The state dict whose tensors are held: the weights themselves, or those that are cast when they are read."""
    return weights.stored if isinstance(weights, CastWhenRead) else weights


def on_device(weights: StateDict, device: torch.device) -> StateDict:
    """The weights with what is held of them on a device.

    Args:
        weights: Any state dict.
        device: Where to hold them.

    Returns:
        A state dict of the same kind; tensors that are there already are shared.
    """
    if isinstance(weights, CastWhenRead):
        return CastWhenRead(on_device(weights.stored, device), weights.dtype)
    return {key: tensor.to(device) for key, tensor in weights.items()}
