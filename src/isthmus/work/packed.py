"""Values as bytes and arrays: arrays of an object store are mapped by whoever reads them, where tensors are copied."""

import io
import pickle
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Packed:
    """A value without its tensors' numbers, and these.

    Attributes:
        pickled: The value.
        arrays: The bytes of its tensors.
    """

    pickled: bytes
    arrays: tuple[np.ndarray, ...]


def packed(value: Any, kind: type[pickle.Pickler] = pickle.Pickler) -> Packed:
    """A value in two parts.

    Args:
        value: That pickle can store. Tensors that share memory don't any more.
        kind: Stores it.

    Returns:
        Its parts; arrays are views of the tensors' memory as far as that lies in one piece.
    """
    arrays: list[np.ndarray] = []

    class Pickler(kind):  # type: ignore[misc, valid-type]
        """Puts plain tensors aside."""

        def persistent_id(self, found: Any) -> Any:
            if type(found) is not Tensor or found.layout != torch.strided or found.device.type != "cpu":
                return None
            if found.requires_grad or found.is_quantized or found.is_conj() or found.is_neg():
                return None
            numbers = found.contiguous().reshape(-1)
            arrays.append(numbers.view(torch.uint8).numpy() if numbers.numel() else np.empty(0, np.uint8))
            return len(arrays) - 1, found.dtype, tuple(found.shape)

    written = io.BytesIO()
    Pickler(written, protocol=5).dump(value)
    return Packed(written.getvalue(), tuple(arrays))


def unpacked(parts: Packed) -> Any:
    """The value.

    Args:
        parts: From `packed`.

    Returns:
        An equal value, whose tensors lie where the arrays do: perhaps in memory that can't be written to.
    """

    class Unpickler(pickle.Unpickler):
        """Takes tensors from the arrays."""

        def persistent_load(self, known: Any) -> Tensor:
            number, dtype, shape = known
            if not parts.arrays[number].size:
                return torch.empty(shape, dtype=dtype)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*not writable", category=UserWarning)
                numbers = torch.from_numpy(parts.arrays[number])
            return numbers.view(dtype).reshape(shape)

    return Unpickler(io.BytesIO(parts.pickled)).load()
