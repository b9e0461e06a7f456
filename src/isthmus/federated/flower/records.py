"""Weights as Flower sends them, and back, without a change of a bit."""

import io

import numpy as np
import torch
from flwr.app import Array, ArrayRecord
from torch import Tensor

from isthmus.gate.arrays import array_of
from isthmus.weights.state import StateDict

BFLOAT16 = "bfloat16"


def array_record(tensors: StateDict) -> ArrayRecord:
    """Tensors as a record of a message.

    Args:
        tensors: On the processor; of bfloat16, which numpy has not, the bits are sent as integers.

    Returns:
        The record, with the same keys in the same order.
    """
    return ArrayRecord({key: _array(tensor) for key, tensor in tensors.items()})


def record_tensors(record: ArrayRecord) -> dict[str, Tensor]:
    """The tensors of a record: what `array_record` was given.

    Args:
        record: From a message.

    Returns:
        Tensors in memory of their own.

    Raises:
        ValueError: An entry is no array of numbers.
    """
    return {key: _tensor(array) for key, array in record.items()}


def _array(tensor: Tensor) -> Array:
    if tensor.dtype != torch.bfloat16:
        return Array(tensor.detach().numpy())
    with io.BytesIO() as file:
        np.save(file, tensor.detach().view(torch.int16).numpy(), allow_pickle=False)
        return Array(dtype=BFLOAT16, shape=tuple(tensor.shape), stype="numpy.ndarray", data=file.getvalue())


def _tensor(array: Array) -> Tensor:
    if array.stype != "numpy.ndarray":
        raise ValueError("no array as numpy writes it")
    try:
        tensor = torch.from_numpy(array_of(array.data))
    except TypeError as error:
        raise ValueError(str(error)) from error
    if array.dtype != BFLOAT16:
        return tensor
    if tensor.dtype != torch.int16:
        raise ValueError(f"bits of {BFLOAT16} as {tensor.dtype}")
    return tensor.view(torch.bfloat16)
