"""Do outputs, targets and loss fit together? What does not would give numbers that mean nothing."""

from typing import NoReturn

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import (
    LOSSES,
    Loss,
    binary_cross_entropy,
    cross_entropy,
    has_classes,
    have_one_shape,
    is_whole,
)

SHARES_TOLERANCE = 1e-2  # of the sum of an example's class probabilities, which may have been rounded to half precision
FORMS = {
    "cross_entropy": "class numbers, whole numbers of shape (n,), for outputs (n, classes) of two or more classes",
    "squared_error": "numbers in the shape of the outputs, or class numbers",
    "binary_cross_entropy": "0 or 1 for each output of an example",
}
OWN_LOSS = "a loss of your own, file.py:function of (outputs, targets) -> one loss an example"


def refuse_unfit_targets(loss: Loss, outputs: Tensor, examples: Examples) -> None:
    """Refuse targets that a loss of isthmus would make numbers without meaning of; the user's own loss is not judged.

    Args:
        loss: From `isthmus.evaluation.losses.loss.loss_named`.
        outputs: What the network gives for the first examples.
        examples: All targets are looked at.

    Raises:
        InputError: A target is NaN or infinite, a class number has no output, targets are no shares of classes
            (>= 0, of sum 1), no labels (0 or 1), or of a shape that the loss does not take.
    """
    name = next((name for name, known in LOSSES.items() if known is loss), None)
    if name is None:
        return
    targets, first = examples.targets, examples.targets[: len(outputs)]
    if rows := wrong_rows(~targets.isfinite()):
        raise InputError(
            "finite targets",
            f"NaN or infinity in row {rows[0]} ({len(rows)} such rows)",
            examples.name,
            "leave these examples out",
        )
    if has_classes(outputs, first) and loss is not binary_cross_entropy:
        refuse_targets_out_of_range(outputs, targets, examples.name)
    elif loss is cross_entropy:
        if not _are_shares(outputs, targets):
            _refuse(name, outputs, examples)
    elif not have_one_shape(outputs, targets):
        _refuse(name, outputs, examples)
    elif loss is binary_cross_entropy and (rows := wrong_rows((targets != 0) & (targets != 1))):
        value = targets[rows[0]].reshape(-1)
        value = value[(value != 0) & (value != 1)][0]
        _refuse(name, outputs, examples, f", {value.item():g} in row {rows[0]} ({len(rows)} such rows)")


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
    rows = _rows_out_of_range(outputs, targets)
    if rows:
        of_row = targets[rows[0]].long().reshape(-1)
        first = int(of_row[(of_row < 0) | (of_row >= classes)][0])
        remedy = "give the data that the network was trained on (of text: its tokenizer), or a model with more classes"
        if first < 0:
            remedy = f"leave these examples out, if their class is to be ignored; or give {OWN_LOSS}"
        raise InputError(
            f"targets from 0 to {classes - 1}, for the network's {classes} outputs",
            f"{first} in row {rows[0]} ({len(rows)} such rows)",
            where,
            remedy,
        )


def errors_are_defined(loss: Loss, outputs: Tensor, examples: Examples) -> bool:
    """Whether every target says what is right: not so for class numbers without an output under a loss of the user's.

    Args:
        loss: From `isthmus.evaluation.losses.loss.loss_named`.
        outputs: What the network gives for the first examples.
        examples: All targets are looked at.

    Returns:
        Whether errors may be counted, where the loss and the type of the targets have any.
    """
    targets = examples.targets
    if loss in LOSSES.values() or not has_classes(outputs, targets[: len(outputs)]):
        return True
    return not _rows_out_of_range(outputs, targets)


def wrong_rows(wrong: Tensor) -> list[int]:
    """The numbers of the examples with anything wrong.

    Args:
        wrong: Truth values (n, ...).

    Returns:
        Numbers in ascending order.
    """
    rows: list[int] = wrong.reshape(len(wrong), -1).any(dim=1).nonzero()[:, 0].tolist()
    return rows


def _rows_out_of_range(outputs: Tensor, targets: Tensor) -> list[int]:
    numbers = targets.long()
    return wrong_rows((numbers < 0) | (numbers >= outputs.shape[-1]))


def _are_shares(outputs: Tensor, targets: Tensor) -> bool:
    """Whether targets are the probabilities of the classes: (n, classes), at least 0, of sum 1."""
    if outputs.ndim != 2 or outputs.shape[1] < 2 or targets.shape[1:] != outputs.shape[1:]:
        return False
    sums = targets.sum(dim=1, dtype=torch.float64) - 1
    return targets.is_floating_point() and bool((targets >= 0).all() and (sums.abs() <= SHARES_TOLERANCE).all())


def _refuse(name: str, outputs: Tensor, examples: Examples, detail: str = "") -> NoReturn:
    targets = examples.targets
    kind = f"{tuple(targets.shape)} {targets.dtype}".replace("torch.", "")
    shape = ("n", *map(str, outputs.shape[1:]))
    shown = f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"
    raise InputError(
        f"targets that {name} takes: {FORMS[name]}",
        f"{kind} for outputs of shape {shown}{detail}",
        examples.name,
        _remedy(name, outputs, targets),
    )


def _remedy(name: str, outputs: Tensor, targets: Tensor) -> str:
    values = targets.reshape(len(targets), -1).double()
    classes = outputs.shape[1] if outputs.ndim == 2 else 1
    one_shape = have_one_shape(outputs, targets)
    may_be_classes = classes > 1 == values.shape[1]
    may_be_classes &= not wrong_rows((values < 0) | (values >= classes) | (values != values.trunc()))
    are_labels = one_shape and not wrong_rows((values != 0) & (values != 1))
    choices = {
        "cross_entropy": "cross_entropy for class numbers",
        "binary_cross_entropy": "binary_cross_entropy for one or several yes-or-no labels (0 and 1)",
        "squared_error": "squared_error for numbers to be met",
    }
    likely = "cross_entropy" if may_be_classes else "binary_cross_entropy" if are_labels else "squared_error"
    order = sorted((choice for choice in choices if choice != name), key=lambda choice: choice != likely)
    fitting = ", ".join(choices[choice] for choice in order)
    other_loss = f"choose the loss that fits (--loss; loss= in Python and recipes): {fitting}, or {OWN_LOSS}"
    saved = [] if targets.ndim == 1 else ["in shape (n,), targets[:, 0]"]
    saved += [] if is_whole(targets) else ["as whole numbers, targets.long()"]
    if may_be_classes and saved:
        return f"save class numbers {' and '.join(saved)}; or {other_loss}"
    if name != "cross_entropy" and not one_shape and not may_be_classes:
        return f"give a target for each output of an example; or {other_loss}"
    return other_loss
