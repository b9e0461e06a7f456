"""How targets fit outputs: a class number for each row of scores, or a number for each output."""

from typing import Literal

import torch
from torch import Tensor

from isthmus.errors import InputError

ClassAxis = Literal["first", "last"]


def is_whole(targets: Tensor) -> bool:
    """Whether the type of targets holds whole numbers; truth values are none."""
    return not (targets.is_floating_point() or targets.is_complex()) and targets.dtype != torch.bool


def class_axes(outputs: Tensor, targets: Tensor) -> tuple[int, ...]:
    """The axes of the outputs along which there may be a score for each class, every other one having its target.

    Args:
        outputs: What the network gave, first dimension n.
        targets: What it should have given.

    Returns:
        (1,) for outputs (n, classes) with targets (n,), and for outputs (n, classes, height, width) with targets
        (n, height, width); (2,) for windows: outputs (n, tokens, classes) with targets (n, tokens). Both where there
        are as many classes as tokens; none where targets are no class numbers.

    Example:
        >>> class_axes(torch.zeros(2, 7, 5), torch.zeros(2, 7, dtype=torch.long))
        (2,)
        >>> class_axes(torch.zeros(2, 5, 5), torch.zeros(2, 5, dtype=torch.long))
        (1, 2)
    """
    if not is_whole(targets) or not outputs.is_floating_point() or outputs.ndim != targets.ndim + 1 or not targets.ndim:
        return ()
    # Of (n, classes) both are the same axis.
    axes = dict.fromkeys((1, outputs.ndim - 1))
    return tuple(
        axis
        for axis in axes
        if (*outputs.shape[:axis], *outputs.shape[axis + 1 :]) == tuple(targets.shape) and outputs.shape[axis] > 1
    )


def class_axis(outputs: Tensor, targets: Tensor, choice: ClassAxis | None = None) -> int | None:
    """The axis of the scores of classes.

    Args:
        outputs: What the network gave, first dimension n.
        targets: What it should have given.
        choice: Which of two is meant where there are as many classes as places; None for the last, as of tokens.

    Returns:
        The axis; None where targets are no class numbers.
    """
    axes = class_axes(outputs, targets)
    return (axes[0] if choice == "first" else axes[-1]) if axes else None


def has_classes(outputs: Tensor, targets: Tensor) -> bool:
    """Whether targets are class numbers: one for each row, token or pixel with two or more scores.

    Args:
        outputs: What the network gave, first dimension n.
        targets: What it should have given.

    Returns:
        Whether they are; values are not looked at.
    """
    return bool(class_axes(outputs, targets))


def have_one_shape(outputs: Tensor, targets: Tensor) -> bool:
    """Whether there is a target for each output of an example, dimensions of one apart: (n,) fits (n, 1)."""
    shapes = [[size for size in tensor.shape[1:] if size != 1] for tensor in (outputs, targets)]
    return shapes[0] == shapes[1]


def in_shape_of(outputs: Tensor, targets: Tensor, loss: str) -> Tensor:
    """The targets in the shape of the outputs; they are never broadcast.

    Args:
        outputs: What the network gave, first dimension n.
        targets: A number for each of them.
        loss: What to name in a message.

    Returns:
        The same numbers.

    Raises:
        InputError: There is not a target for each output.
    """
    if not have_one_shape(outputs, targets):
        raise InputError(
            f"targets of the outputs' shape {tuple(outputs.shape)}",
            f"shape {tuple(targets.shape)}, {targets.dtype}",
            f"loss {loss}",
            "give one target for each output of an example: inputs (n, ...), targets (n, outputs)",
        )
    return targets.reshape(outputs.shape)
