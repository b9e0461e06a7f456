"""Losses of single examples."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from isthmus.errors import InputError, UnknownNameError
from isthmus.evaluation.losses.cross_entropy import CrossEntropy, cross_entropy
from isthmus.evaluation.losses.shapes import has_classes, in_shape_of
from isthmus.trees import Tree

Loss = Callable[[Tensor, Tensor], Tensor]


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
    is_class = has_classes(outputs, targets) and outputs.shape[:-1] == targets.shape
    of_tokens = is_class and outputs.ndim > 2
    if is_class:
        targets = functional.one_hot(targets.long(), outputs.shape[-1])
    squares = (wide - in_shape_of(outputs, targets, "squared_error").to(wide.dtype)).square().unsqueeze(-1)
    # An example of several targets has their mean, as under cross-entropy (docs/decisions.md, Evaluation).
    return squares.flatten(2).sum(dim=2).mean(dim=1) if of_tokens else squares.flatten(1).sum(dim=1)


def absolute_error(outputs: Float[Tensor, "n ..."], targets: Tensor) -> Float[Tensor, " n"]:
    """The absolute error of each example: sum over outputs of |output - target|, not averaged.

    Args:
        outputs: One row an example.
        targets: Numbers in the shape of the outputs, dimensions of one apart: (n,) for outputs (n, 1).

    Returns:
        One loss an example, in the dtype of the outputs but never below float32.

    Example:
        >>> absolute_error(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 5.0]])).item()
        3.0
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    differences = wide - in_shape_of(outputs, targets, "absolute_error").to(wide.dtype)
    # Outputs of shape (n,) have no second dimension to flatten.
    return differences.abs().unsqueeze(-1).flatten(1).sum(dim=1)


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
    "absolute_error": absolute_error,
    "binary_cross_entropy": binary_cross_entropy,
}


def is_convex(code: str) -> bool:
    """Whether a loss is known to be convex in the outputs: all of isthmus are, with any options.

    Args:
        code: Its name, or what identifies a loss of the user's.

    Returns:
        Whether it is.
    """
    return code.partition(":")[0] in LOSSES


def loss_named(loss: str | Loss) -> Loss:
    """The loss function of a name; a function is returned as it is.

    Args:
        loss: A name of `LOSSES`, perhaps with options (`cross_entropy:ignore_index=0`), or a function
            (outputs, targets) -> per-example losses.

    Returns:
        The function.

    Raises:
        UnknownNameError: No such loss, or no such option.
        InputError: Options that are not written as option=value, or of a loss without options.

    Example:
        >>> loss_named("cross_entropy:label_smoothing=0.1").label_smoothing
        0.1
    """
    if not isinstance(loss, str):
        return loss
    name, colon, text = loss.partition(":")
    if name not in LOSSES:
        raise UnknownNameError("a loss", name, LOSSES, "loss", "or give a function (outputs, targets) -> losses")
    if not colon:
        return LOSSES[name]
    items = [item.partition("=") for item in text.split(",")]
    options = {option: value for option, _, value in items}
    if name != "cross_entropy" or len(options) < len(items) or not all(options) or not all(options.values()):
        raise InputError(
            "a loss, and for cross_entropy each option once as option=value", loss, "loss",
            "write cross_entropy:ignore_index=0,label_smoothing=0.1; the other losses have no options",
        )  # fmt: skip
    return CrossEntropy.from_options(options)


def name_of_loss(loss: Loss) -> str | None:
    """The name of a loss of isthmus; None for one of the user's."""
    if isinstance(loss, CrossEntropy):
        return "cross_entropy"
    return next((name for name, known in LOSSES.items() if known is loss), None)


def example_losses(loss: Loss, outputs: Tensor, targets: Tree) -> Float[Tensor, " n"]:
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
    count = len(outputs)
    if losses.shape != (count,):
        raise InputError(
            f"a loss of {count} numbers for {count} examples",
            f"shape {tuple(losses.shape)}",
            "loss",
            remedy,
        )
    return losses.to(torch.promote_types(losses.dtype, torch.float32))


def _kind(thing: object) -> str:
    kind = type(thing)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
