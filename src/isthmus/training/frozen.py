"""Weights that stay where they are while the others train."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen_weights(model: nn.Module, keys: Collection[str]) -> Iterator[None]:
    """Keep weights from moving, and modules that hold nothing else from counting running statistics.

    A frozen parameter has no gradient: optimizers pass over it, without decay and without momentum.

    Args:
        model: In training mode.
        keys: Of its state dict.

    Yields:
        Nothing; afterwards parameters require gradients as before.
    """
    held = [parameter for key, parameter in model.named_parameters() if key in keys and parameter.requires_grad]
    for parameter in held:
        parameter.requires_grad_(False)
        parameter.grad = None
    for path, module in model.named_modules():
        own = {f"{path}.{key}" if path else key for key in module.state_dict()} if keys else set()
        if own and own <= set(keys):
            module.eval()
    try:
        yield
    finally:
        for parameter in held:
            parameter.requires_grad_(True)
