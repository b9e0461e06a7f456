"""Errors of single examples: which predictions count as wrong."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from isthmus.errors import InputError
from isthmus.evaluation.failures import failure_text
from isthmus.evaluation.losses.cross_entropy import CrossEntropy, class_errors
from isthmus.evaluation.losses.loss import Loss, binary_cross_entropy
from isthmus.evaluation.losses.shapes import has_classes, in_shape_of
from isthmus.trees import Tree

Errors = Bool[Tensor, " n"] | Float[Tensor, " n"]


def example_errors(loss: Loss, outputs: Tensor, targets: Tensor) -> Errors | None:
    """The error of each example: `class_errors` where targets are class numbers, `label_errors` of yes-or-no labels.

    Args:
        loss: From `isthmus.evaluation.losses.loss.loss_named`; binary cross-entropy says that targets are labels.
        outputs: Scores.
        targets: What they should have said.

    Returns:
        n truth values or fractions; None where there is nothing to be wrong about.
    """
    if loss is binary_cross_entropy:
        return label_errors(outputs, targets)
    if isinstance(loss, CrossEntropy):
        return loss.errors(outputs, targets)
    if not isinstance(targets, Tensor) or not has_classes(outputs, targets):
        return None
    return class_errors(outputs, targets)


def own_errors(error: Loss, outputs: Tensor, targets: Tree) -> Errors:
    """The errors that a function of the user's counts.

    Args:
        error: From (outputs, targets) to one number an example.
        outputs: What the network gave.
        targets: What it should have given.

    Returns:
        n truth values or numbers of [0, 1].

    Raises:
        InputError: It fails, or returns anything else.
    """
    remedy = "return one truth value or number of [0, 1] for each example: (outputs.argmax(-1) != targets)"
    try:
        found = error(outputs, targets)
    except Exception as failure:  # whatever a function of the user's raises
        expected = "an error function that runs on these outputs and targets"
        raise InputError(expected, failure_text(failure), "error", remedy) from failure
    if not isinstance(found, Tensor) or found.shape != (len(outputs),) or found.is_complex():
        got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise InputError(f"an error of {len(outputs)} numbers for {len(outputs)} examples", got, "error", remedy)
    if found.dtype == torch.bool:
        return found
    found = found.to(torch.float32)
    if not bool(((found >= 0) & (found <= 1)).all()):
        got = f"numbers from {float(found.min()):g} to {float(found.max()):g}"
        raise InputError("errors that are fractions, in [0, 1]", got, "error", remedy)
    return found


def label_errors(outputs: Float[Tensor, "n ..."], targets: Tensor) -> Errors:
    """Which yes-or-no labels are predicted wrongly: an output above 0 says yes; one that is not finite is wrong.

    Args:
        outputs: Logits.
        targets: 1 for yes and 0 for no, in the shape of the outputs, dimensions of one apart.

    Returns:
        n truth values where an example has one label; else the fraction of its labels that are wrong, in float32.

    Example:
        >>> label_errors(torch.tensor([[0.5], [-0.5]]), torch.tensor([1, 1]))
        tensor([False,  True])
        >>> label_errors(torch.tensor([[0.5, 0.5, 0.0, -1.0]]), torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
        tensor([0.2500])
    """
    labels = in_shape_of(outputs, targets, "binary_cross_entropy") > 0
    wrong = (((outputs > 0) != labels) | ~outputs.isfinite()).unsqueeze(-1).flatten(1)
    return wrong[:, 0] if wrong.shape[1] == 1 else wrong.sum(dim=1, dtype=torch.float32) / wrong.shape[1]
