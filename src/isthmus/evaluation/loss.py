"""Losses and errors of single examples."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from isthmus.errors import InputError, UnknownNameError

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(outputs: Float[Tensor, "n *tokens classes"], targets: Tensor) -> Float[Tensor, " n"]:
    """The cross-entropy of each example, in nats: -log softmax(outputs)[target].

    An example that is a window of tokens has the mean over its tokens, in nats per token. All windows of one data set
    have as many tokens, so the mean over windows is the sum over all tokens divided by their number.

    Args:
        outputs: Logits.
        targets: Class numbers, shape (n,); of windows token numbers, shape (n, tokens).

    Returns:
        One loss an example, in the dtype of the logits but never below float32.

    Example:
        >>> cross_entropy(torch.zeros(1, 4), torch.tensor([2])).item() == torch.log(torch.tensor(4.0)).item()
        True
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    if not _are_windows(outputs, targets):
        return functional.cross_entropy(wide, targets, reduction="none")
    of_tokens = functional.cross_entropy(wide.flatten(0, 1), targets.flatten(), reduction="none")
    return of_tokens.view(targets.shape).mean(dim=1)


def squared_error(outputs: Float[Tensor, "n ..."], targets: Tensor) -> Float[Tensor, " n"]:
    """The squared error of each example: sum over outputs of (output - target)^2, neither halved nor averaged.

    Class numbers count as the one-hot vector of their class, so that a classifier can be measured under this loss.

    Args:
        outputs: One row an example.
        targets: Numbers in the shape of the outputs; or class numbers, shape (n,), for outputs (n, classes). Of
            windows, token numbers (n, tokens): then the loss is the mean over tokens.

    Returns:
        One loss an example, in the dtype of the outputs but never below float32.

    Raises:
        InputError: The targets have another shape; they are never broadcast.

    Example:
        >>> squared_error(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 5.0]])).item()
        5.0
        >>> squared_error(torch.tensor([[1.0, 3.0]]), torch.tensor([0])).item()
        9.0
    """
    wide = torch.promote_types(outputs.dtype, torch.float32)
    are_windows = _are_windows(outputs, targets)
    if has_classes(outputs, targets):
        targets = functional.one_hot(targets.long(), outputs.shape[-1])
    if targets.shape != outputs.shape:
        raise InputError(
            f"targets of the outputs' shape {tuple(outputs.shape)}, or class numbers",
            f"shape {tuple(targets.shape)}, {targets.dtype}",
            "loss squared_error",
            "give one target for each output of an example: inputs (n, ...), targets (n, outputs)",
        )
    squares = (outputs.to(wide) - targets.to(wide)).square().unsqueeze(-1)
    return squares.flatten(2).sum(dim=2).mean(dim=1) if are_windows else squares.flatten(1).sum(dim=1)


LOSSES: Mapping[str, Loss] = {"cross_entropy": cross_entropy, "squared_error": squared_error}
CONVEX_IN_OUTPUTS = frozenset({"cross_entropy", "squared_error"})


def loss_named(loss: str | Loss) -> Loss:
    """The loss function of a name; a function is returned as it is.

    Args:
        loss: "cross_entropy", "squared_error", or a function (outputs, targets) -> per-example losses.

    Returns:
        The function.

    Raises:
        UnknownNameError: No such loss.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise UnknownNameError("a loss", loss, LOSSES, "loss", "or give a function (outputs, targets) -> losses")
        return LOSSES[loss]
    return loss


def example_losses(loss: Loss, outputs: Tensor, targets: Tensor) -> Float[Tensor, " n"]:
    """The losses of a batch, checked to be one number an example.

    Args:
        loss: From `loss_named`.
        outputs: What the network gave, first dimension n.
        targets: What it should have given.

    Returns:
        n losses, in float32 or wider; a NaN or an infinity stays one.

    Raises:
        InputError: The function returned another shape, such as a mean over the batch.
    """
    losses = loss(outputs, targets)
    if losses.shape != (len(targets),):
        raise InputError(
            f"a loss of {len(targets)} numbers for {len(targets)} examples",
            f"shape {tuple(losses.shape)}",
            "loss",
            "return per-example losses: reduction='none', and one number for each example",
        )
    return losses.to(torch.promote_types(losses.dtype, torch.float32))


def has_classes(outputs: Tensor, targets: Tensor) -> bool:
    """Whether an error can be counted: one row of scores and one class number an example, or a token of it."""
    integral = not (targets.is_floating_point() or targets.is_complex()) and targets.dtype != torch.bool
    rows = (outputs.ndim == 2 and targets.ndim == 1) or _are_windows(outputs, targets)
    return integral and rows and outputs.is_floating_point()


def _are_windows(outputs: Tensor, targets: Tensor) -> bool:
    return outputs.ndim == 3 and targets.ndim == 2 and outputs.shape[:2] == targets.shape


def example_errors(
    outputs: Float[Tensor, "n *tokens classes"], targets: Tensor
) -> Bool[Tensor, " n"] | Float[Tensor, " n"]:
    """Whether each example is classified wrongly; a non-finite output counts as wrong.

    Args:
        outputs: Scores.
        targets: Class numbers, shape (n,); of windows token numbers, shape (n, tokens).

    Returns:
        n truth values; of windows the fraction of wrong tokens, in float32.

    Example:
        >>> example_errors(torch.tensor([[0.0, 1.0], [0.0, float("nan")]]), torch.tensor([1, 1]))
        tensor([False,  True])
        >>> example_errors(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[1, 0]]))
        tensor([0.5000])
    """
    wrong = (outputs.argmax(dim=-1) != targets) | ~outputs.isfinite().all(dim=-1)
    return wrong if wrong.ndim == 1 else wrong.sum(dim=1, dtype=torch.float32) / targets.shape[1]


def refuse_targets_out_of_range(outputs: Tensor, targets: Tensor, where: str) -> None:
    """Refuse class numbers that the network has no output for, before a kernel trips over them.

    Args:
        outputs: Scores of any batch, (n, ..., classes).
        targets: All targets of the data.
        where: The data's name.

    Raises:
        InputError: A target is negative or not below the number of classes.
    """
    classes = outputs.shape[-1]
    wrong = ((targets < 0) | (targets >= classes)).reshape(len(targets), -1)
    rows = wrong.any(dim=1).nonzero()
    if len(rows):
        row = int(rows[0])
        first = int(targets[row].reshape(-1)[wrong[row]][0])
        raise InputError(
            f"targets from 0 to {classes - 1}, for the network's {classes} outputs",
            f"{first} in row {row} ({len(rows)} such rows)",
            where,
            "give the data that the network was trained on (of text: its tokenizer), or the model with more classes",
        )


def output_tensor(outputs: Any) -> Tensor:
    """The tensor of scores in what a model returned: itself, or the field `logits`.

    Args:
        outputs: A tensor, an object with `logits`, or a mapping with the key "logits".

    Returns:
        The scores.

    Raises:
        InputError: There is no such tensor.
    """
    found = outputs.get("logits") if isinstance(outputs, Mapping) else getattr(outputs, "logits", outputs)
    if not isinstance(found, Tensor):
        raise InputError(
            "a model that returns a tensor, or an object with the field 'logits'",
            type(outputs).__name__,
            "model",
            "wrap the model in a module that returns the scores alone",
        )
    return found
