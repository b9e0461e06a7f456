"""The update rule of a step, and its state as named tensors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from isthmus.training.recipe.optimizer_settings import AdamW, Optimizer


def make_optimizer(settings: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """PyTorch's optimizer for a rule; for SAM the one that it is put around.

    Args:
        settings: The rule.
        model: Its parameters are moved.

    Returns:
        An optimizer without state, at the peak of the learning rate.
    """
    if isinstance(settings, AdamW):
        return torch.optim.AdamW(
            model.parameters(),
            settings.learning_rate,
            betas=settings.betas,
            eps=settings.epsilon,
            weight_decay=settings.weight_decay,
        )
    return torch.optim.SGD(
        model.parameters(),
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.nesterov,
        fused=True if next(model.parameters()).is_cuda else None,  # one kernel for all parameters
    )


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Everything that an optimizer remembers, as copies: momentum, running means, numbers of steps.

    Args:
        optimizer: Of `make_optimizer`.
        model: Whose parameters it moves.

    Returns:
        Tensors under "<key of the parameter>/<what it is>".
    """
    slots = {key: optimizer.state.get(parameter, {}) for key, parameter in model.named_parameters()}
    return {
        f"{key}/{what}": value.detach().clone()
        for key, slot in slots.items()
        for what, value in slot.items()
        if isinstance(value, Tensor)
    }


def load_optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer the memory of another: the inverse of `optimizer_tensors`.

    Args:
        optimizer: Of the same rule.
        model: Whose parameters it moves.
        tensors: What the other remembered.
    """
    state: dict[int, dict[str, Tensor]] = {}
    # PyTorch's state names parameters by their number, which another order of layers would change.
    numbers = {key: number for number, (key, _) in enumerate(model.named_parameters())}
    for name, tensor in tensors.items():
        key, _, what = name.rpartition("/")
        state.setdefault(numbers[key], {})[what] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step.

    Args:
        optimizer: Whose.
        rate: The learning rate.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate


@contextmanager
def ascent(model: nn.Module, rho: float) -> Iterator[None]:
    """The model at w + rho g / |g|, with g the gradients that it holds: the first half of a SAM step.

    Afterwards weights and buffers (BatchNorm's running statistics) are as before, to the bit; the gradients are those
    that the block left.

    Args:
        model: Holds the gradients at w.
        rho: Length of the ascent, over all parameters together.

    Yields:
        Nothing.
    """
    moved = [parameter for parameter in model.parameters() if parameter.grad is not None]
    kept = [tensor.detach().clone() for tensor in (*moved, *model.buffers())]
    gradients = [parameter.grad for parameter in moved if parameter.grad is not None]
    length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]))
    with torch.no_grad():
        for parameter, gradient in zip(moved, gradients, strict=True):
            # A gradient of zero has no direction, and must not divide by zero.
            parameter.add_(gradient * (rho / (length + 1e-12)))
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip((*moved, *model.buffers()), kept, strict=True):
                tensor.copy_(before)
