"""What PyTorch's transformers decide by a mask's values, which an export can't look at, is decided before it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from torch import nn
from torch.nn.modules import transformer

CHECK = "_detect_is_causal_mask"  # compares a mask with the causal one, to pass a flag to attention in its place


@contextmanager
def decided_masks(module: nn.Module, run: Callable[[], object]) -> Iterator[None]:
    """While the block runs, the transformers of a module find their masks causal or not as in a run before it.

    A mask belongs to no example, so what is found holds for every batch. The comparison with the network checks it.

    Args:
        module: A network; only one that has PyTorch's own encoder or decoder is run.
        run: Runs it once.
    """
    check = getattr(transformer, CHECK, None)
    has_check = any(isinstance(part, nn.TransformerEncoder | nn.TransformerDecoder) for part in module.modules())
    if check is None or not has_check:
        yield
        return
    found: list[bool] = []

    def noted(*args: Any, **kwargs: Any) -> bool:
        found.append(check(*args, **kwargs))
        return found[-1]

    try:
        setattr(transformer, CHECK, noted)
        run()
        known = cycle(found)
        setattr(transformer, CHECK, lambda *_args, **_kwargs: next(known))
        yield
    finally:
        setattr(transformer, CHECK, check)
