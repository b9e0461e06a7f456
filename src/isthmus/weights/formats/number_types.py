"""Number types: what a model's `load_state_dict` makes of an entry stored in another type."""

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.weights.state import StateDict, is_blendable


def read_as(weights: StateDict, expected: StateDict, where: str) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights with integers where the model has integers and floating-point numbers where it has these.

    `load_state_dict` copies each entry into the model's, whatever type it has; so position numbers that a file holds in
    half precision are integers again. The width of floating-point numbers stays that of the file.

    Args:
        weights: With the keys and shapes of the model.
        expected: The model's own entries.
        where: What to call the weights in messages.

    Returns:
        The weights and a note for every entry of another type; other tensors are shared.

    Raises:
        InputError: Numbers would be lost: imaginary parts, or fractions where the model has integers.
    """
    notes: list[str] = []
    read = dict(weights)
    for key, tensor in weights.items():
        wanted = expected[key].dtype
        both_real = is_blendable(tensor) and is_blendable(expected[key]) and tensor.is_complex() == wanted.is_complex
        if tensor.dtype == wanted or both_real:
            continue
        converted = tensor.real.to(wanted)
        if tensor.is_complex() or not (is_blendable(expected[key]) or torch.equal(converted.double(), tensor.double())):
            raise InputError(
                f"{_named(wanted)} numbers under {key!r}, as the model has them",
                f"{_named(tensor.dtype)} numbers, which these cannot hold",
                where,
                "give the checkpoint as it was trained, not converted to another type",
            )
        read[key] = converted
        notes.append(f"{key!r} was read as {_named(wanted)}, as the model has it; the file has {_named(tensor.dtype)}")
    return read, tuple(notes)


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
