"""Weights as Flower sends them, and back, without a change of a bit."""

import io
import math

import numpy as np
import torch
from flwr.app import Array, ArrayRecord
from torch import Tensor

from isthmus.weights.state import StateDict

BFLOAT16 = "bfloat16"
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
    """Its header is read before memory is taken: one of a few bytes may speak of any number of numbers."""
    with io.BytesIO(array.data) as file:
        read_header = HEADERS.get(np.lib.format.read_magic(file))
        if array.stype != "numpy.ndarray" or read_header is None:
            raise ValueError("no array as numpy writes it")
        shape, is_fortran, dtype = read_header(file)
        begin = file.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(array.data) - begin:
        raise ValueError(f"no {'x'.join(map(str, shape))} numbers of type {dtype} in {len(array.data)} bytes")
    values = np.ndarray(shape, dtype, array.data, begin, order="F" if is_fortran else "C")
    try:
        tensor = torch.from_numpy(values.copy())
    except TypeError as error:
        raise ValueError(str(error)) from error
    if array.dtype != BFLOAT16:
        return tensor
    if tensor.dtype != torch.int16:
        raise ValueError(f"bits of {BFLOAT16} as {tensor.dtype}")
    return tensor.view(torch.bfloat16)
