"""Do outputs, targets and loss fit together? What does not would give numbers that mean nothing."""

from typing import NoReturn

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.named import NOT_COUNTED
from isthmus.errors import InputError
from isthmus.evaluation.losses.cross_entropy import CrossEntropy
from isthmus.evaluation.losses.loss import Loss, name_of_loss
from isthmus.evaluation.losses.shapes import class_axes, class_axis, has_classes, have_one_shape, is_whole
from isthmus.trees import tensors, tree_text

SHARES_TOLERANCE = 1e-2  # of the sum of an example's class probabilities, which may have been rounded to half precision
FORMS = {
    "cross_entropy": "class numbers, whole numbers of shape (n,), for outputs (n, classes) of two or more classes",
    "squared_error": "numbers in the shape of the outputs, or class numbers",
    "absolute_error": "numbers in the shape of the outputs",
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
    name = name_of_loss(loss)
    if name is None:
        return
    targets = examples.targets
    if not isinstance(targets, Tensor):
        raise InputError(
            f"one tensor of targets, as {name} takes them",
            tree_text(targets),
            examples.name,
            f"give one, or {OWN_LOSS}",
        )
    first = targets[: len(outputs)]
    outputs = loss.enlarged(outputs, first) if isinstance(loss, CrossEntropy) else outputs
    if rows := wrong_rows(~targets.isfinite()):
        raise InputError(
            "finite targets",
            f"NaN or infinity in row {rows[0]} ({len(rows)} such rows)",
            examples.name,
            "leave these examples out",
        )
    if has_classes(outputs, first) and name not in {"binary_cross_entropy", "absolute_error"}:
        _refuse_two_meanings(loss, outputs, examples)
        _refuse_uncounted(loss, targets, examples.name)
        refuse_targets_out_of_range(loss, outputs, targets, examples.name)
    elif name == "cross_entropy":
        if not _are_shares(outputs, targets):
            _refuse(name, outputs, examples)
    elif not have_one_shape(outputs, targets):
        _refuse(name, outputs, examples)
    elif name == "binary_cross_entropy" and (rows := wrong_rows((targets != 0) & (targets != 1))):
        value = targets[rows[0]].reshape(-1)
        value = value[(value != 0) & (value != 1)][0]
        _refuse(name, outputs, examples, f", {value.item():g} in row {rows[0]} ({len(rows)} such rows)")


def _refuse_two_meanings(loss: Loss, outputs: Tensor, examples: Examples) -> None:
    """Refuse outputs with as many classes as places, unless the loss or tokens among the inputs tell them apart."""
    targets = examples.targets
    has_tokens = any(is_whole(tensor) and tensor.shape == targets.shape for tensor in tensors(examples.inputs))
    two = len(class_axes(outputs, targets[: len(outputs)])) == 2
    if two and not has_tokens and getattr(loss, "classes", None) is None:
        raise InputError(
            "outputs whose classes can be told from their places",
            f"outputs of shape {tuple(outputs.shape)} for targets of shape {tuple(targets.shape)}",
            examples.name,
            "say where the classes are: cross_entropy:classes=first for (n, classes, places), as nn.CrossEntropyLoss "
            "has it, or cross_entropy:classes=last for (n, places, classes)",
        )


def _refuse_uncounted(loss: Loss, targets: Tensor, where: str) -> None:
    if not isinstance(loss, CrossEntropy):
        return
    rows = loss.counted(targets).logical_not().flatten(1 if targets.ndim > 1 else 0)
    none = (rows.all(dim=1) if targets.ndim > 1 else rows).nonzero().flatten().tolist()
    if none:
        raise InputError(
            f"an example with a target that counts (other than {loss.ignore_index})",
            f"none in row {none[0]} ({len(none)} such rows)",
            where,
            "leave these examples out",
        )


def refuse_targets_out_of_range(loss: Loss, outputs: Tensor, targets: Tensor, where: str) -> None:
    """Refuse class numbers that the network has no output for, before a kernel trips over them.

    Args:
        loss: Says which targets don't count.
        outputs: Scores of any batch.
        targets: All targets of the data.
        where: The data's name.

    Raises:
        InputError: A target is negative or not below the number of classes.
    """
    axis = class_axis(outputs, targets[: len(outputs)], getattr(loss, "classes", None))
    classes, ignored = outputs.shape[-1 if axis is None else axis], getattr(loss, "ignore_index", None)
    rows = _rows_out_of_range(classes, targets, ignored)
    if rows:
        of_row = targets[rows[0]].long().reshape(-1)
        of_row = of_row if ignored is None else of_row[of_row != ignored]
        first = int(of_row[(of_row < 0) | (of_row >= classes)][0])
        remedy = "give the data that the network was trained on (of text: its tokenizer), or a model with more classes"
        if first < 0:
            remedy = f"say so if they are not to count: cross_entropy:ignore_index={first}; or leave these examples out"
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
    if name_of_loss(loss) or not isinstance(targets, Tensor) or not has_classes(outputs, targets[: len(outputs)]):
        return True
    axis = class_axis(outputs, targets[: len(outputs)])
    # Tokens without a target are usual, images without one are not.
    ignored = None if targets.ndim == 1 else NOT_COUNTED
    return not _rows_out_of_range(outputs.shape[-1 if axis is None else axis], targets, ignored)


def wrong_rows(wrong: Tensor) -> list[int]:
    """The numbers of the examples with anything wrong.

    Args:
        wrong: Truth values (n, ...).

    Returns:
        Numbers in ascending order.
    """
    rows: list[int] = wrong.reshape(len(wrong), -1).any(dim=1).nonzero()[:, 0].tolist()
    return rows


def _rows_out_of_range(classes: int, targets: Tensor, ignored: int | None) -> list[int]:
    numbers = targets.long()
    outside = (numbers < 0) | (numbers >= classes)
    return wrong_rows(outside if ignored is None else outside & (numbers != ignored))


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
        "squared_error": "squared_error or absolute_error for numbers to be met",
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
