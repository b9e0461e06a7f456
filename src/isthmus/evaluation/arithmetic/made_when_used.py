"""Tensors that an operator finds made when it reads them, for a network that is run without being held."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only


class MadeWhenUsed(Tensor):
    """A tensor of which nobody holds the numbers: every operator that reads it has them made anew.

    It can't be written to; `isthmus.evaluation.network.Network` gives copies of what forward writes to.

    Args:
        like: Shape, strides and device.
        dtype: Type of the numbers.
        make: Makes them.

    Example:
        >>> twos = MadeWhenUsed(torch.empty(2), torch.float32, lambda: torch.full((2,), 2.0))
        >>> (twos + 1).tolist()
        [3.0, 3.0]
    """

    # Operators see the numbers; functions above them, the fused ones included, take it for an ordinary tensor.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    make: Callable[[], Tensor]

    @staticmethod
    def __new__(cls, like: Tensor, dtype: torch.dtype, make: Callable[[], Tensor]) -> "MadeWhenUsed":
        """A tensor without numbers."""
        made: MadeWhenUsed = torch.Tensor._make_wrapper_subclass(
            cls, like.shape, strides=like.stride(), dtype=dtype, device=like.device
        )
        made.make = make
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        args, kwargs = tree_map_only(cls, lambda tensor: tensor.make(), (args, kwargs or {}))
        return func(*args, **kwargs)
