"""Losses of single examples."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
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
    if not are_windows(outputs, targets):
        return functional.cross_entropy(wide, targets, reduction="none")
    of_tokens = functional.cross_entropy(wide.flatten(0, 1), targets.flatten(), reduction="none")
    return of_tokens.view(targets.shape).mean(dim=1)


def squared_error(outputs: Float[Tensor, "n ..."], targets: Tensor) -> Float[Tensor, " n"]:
    """The squared error of each example: sum over outputs of (output - target)^2, neither halved nor averaged.

    Class numbers count as the one-hot vector of their class, so that a classifier can be measured under this loss.

    Args:
        outputs: One row an example.
        targets: Numbers in the shape of the outputs, dimensions of one apart: (n,) for outputs (n, 1). Or class
            numbers, shape (n,), for outputs (n, classes). Of windows, token numbers (n, tokens): then the loss is the
            mean over tokens.

    Returns:
        One loss an example, in the dtype of the outputs but never below float32.

    Example:
        >>> squared_error(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 5.0]])).item()
        5.0
        >>> squared_error(torch.tensor([[1.0, 3.0]]), torch.tensor([0])).item()
        9.0
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    is_class = has_classes(outputs, targets)
    of_tokens = is_class and are_windows(outputs, targets)
    if is_class:
        targets = functional.one_hot(targets.long(), outputs.shape[-1])
    squares = (wide - in_shape_of(outputs, targets, "squared_error").to(wide.dtype)).square().unsqueeze(-1)
    return squares.flatten(2).sum(dim=2).mean(dim=1) if of_tokens else squares.flatten(1).sum(dim=1)


def binary_cross_entropy(outputs: Float[Tensor, "n ..."], targets: Tensor) -> Float[Tensor, " n"]:
    """The binary cross-entropy of each example, in nats per label.

    Mean over labels of -t log s - (1 - t) log(1 - s), s = 1 / (1 + exp(-output)), as `BCEWithLogitsLoss` takes it.

    Args:
        outputs: Logits, one for each yes-or-no label of an example; one label as (n,) or (n, 1).
        targets: 1 for yes and 0 for no, in the shape of the outputs, dimensions of one apart.

    Returns:
        One loss an example, in the dtype of the logits but never below float32.

    Example:
        >>> binary_cross_entropy(torch.zeros(1, 3), torch.tensor([[0, 1, 1]])).item()
        0.6931471824645996
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    labels = in_shape_of(outputs, targets, "binary_cross_entropy").to(wide.dtype)
    of_labels = functional.binary_cross_entropy_with_logits(wide, labels, reduction="none")
    return of_labels.unsqueeze(-1).flatten(1).mean(dim=1)


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
}
CONVEX_IN_OUTPUTS = frozenset({"cross_entropy", "squared_error", "binary_cross_entropy"})


def loss_named(loss: str | Loss) -> Loss:
    """The loss function of a name; a function is returned as it is.

    Args:
        loss: A name of `LOSSES`, or a function (outputs, targets) -> per-example losses.

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
        n losses, in float32 where the function gave whole numbers, truth values or a narrower type; a NaN or an
        infinity stays one.

    Raises:
        InputError: The function returned no tensor, another shape, such as a mean over the batch, or complex numbers.
    """
    losses = loss(outputs, targets)
    remedy = "return per-example losses: reduction='none', and one number for each example"
    if not isinstance(losses, Tensor) or losses.is_complex():
        got = f"a tensor of {losses.dtype}" if isinstance(losses, Tensor) else _kind(losses)
        raise InputError("a loss that returns a tensor of real numbers", got, "loss", remedy)
    if losses.shape != (len(targets),):
        raise InputError(
            f"a loss of {len(targets)} numbers for {len(targets)} examples",
            f"shape {tuple(losses.shape)}",
            "loss",
            remedy,
        )
    return losses.to(torch.promote_types(losses.dtype, torch.float32))


def has_classes(outputs: Tensor, targets: Tensor) -> bool:
    """Whether targets are class numbers: one for each row of two or more scores, or one for each token of a window.

    Args:
        outputs: What the network gave, first dimension n.
        targets: What it should have given.

    Returns:
        Whether they are; values are not looked at.
    """
    rows = (outputs.ndim == 2 and targets.ndim == 1) or are_windows(outputs, targets)
    return is_whole(targets) and rows and outputs.is_floating_point() and outputs.shape[-1] > 1


def are_windows(outputs: Tensor, targets: Tensor) -> bool:
    """Whether examples are windows of tokens: outputs (n, tokens, classes) and targets (n, tokens).

    Args:
        outputs: What the network gave.
        targets: What it should have given.

    Returns:
        Whether they are.
    """
    return outputs.ndim == 3 and targets.ndim == 2 and outputs.shape[:2] == targets.shape


def is_whole(targets: Tensor) -> bool:
    """Whether the type of targets holds whole numbers; truth values are none."""
    return not (targets.is_floating_point() or targets.is_complex()) and targets.dtype != torch.bool


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


def _kind(thing: object) -> str:
    kind = type(thing)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
