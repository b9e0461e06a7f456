"""Remarks on data and outputs that may mislead: missing values, outputs that are probabilities."""

from collections.abc import Callable

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.named import NOT_COUNTED
from isthmus.errors import InputError
from isthmus.evaluation.losses.fitting_targets import wrong_rows
from isthmus.evaluation.losses.loss import Loss, name_of_loss
from isthmus.evaluation.losses.shapes import is_whole
from isthmus.trees import Tree, map_tensors, tensors

ROWS_AT_ONCE = 1024  # the mask of isfinite is as large as its input
SUM_TOLERANCE = 1e-3  # a softmax adds up to 1 within this, logits in [0, 1] hardly ever do
FEWEST_VALUES = 8  # as many outputs within [0, 1] as are no chance


def missing_inputs(examples: Examples, outputs_of: Callable[[Tensor], Tensor], dtype: torch.dtype) -> list[str]:
    """Look for NaN and infinite values among inputs; they are never altered.

    Args:
        examples: All of them are looked at, on the network's device.
        outputs_of: What the network gives for a batch of inputs.
        dtype: Of the inputs that the network is given.

    Returns:
        What to warn of, where the network copes with such inputs.

    Raises:
        InputError: The network's outputs for the first such example are not finite either, though they are with zeros
            in these places, so that every mean loss would be NaN.
    """
    rows = _rows_not_finite(examples.inputs)
    if not rows:
        return []
    many = f"NaN or infinite inputs in {len(rows)} of {len(examples)} examples, the first is number {rows[0]}"
    inputs, _ = examples.batch(rows[0], rows[0] + 1, tensors(examples.inputs)[0].device, dtype)
    filled = outputs_of(map_tensors(_filled, inputs))
    # Outputs that stay non-finite without the gaps are not these inputs' fault.
    if filled.isfinite().all() and not outputs_of(inputs).isfinite().all():
        raise InputError(
            "finite inputs, or a network that handles others",
            f"{many}; the network's outputs for it are not finite, so every mean loss would be NaN",
            examples.name,
            "leave these examples out, or fill in what is missing",
        )
    return [f"{examples.name}: {many}; they are measured as they are"]


def missing_targets(examples: Examples) -> list[str]:
    """Look for NaN and infinite values among targets, which a loss of the user's may take; they are never altered.

    Args:
        examples: All of them are looked at.

    Returns:
        What to warn of.
    """
    rows = _rows_not_finite(examples.targets)
    if not rows:
        return []
    many = f"NaN or infinite targets in {len(rows)} of {len(examples)} examples, the first is number {rows[0]}"
    return [f"{examples.name}: {many}; the loss is given them as they are"]


def targets_not_shifted(loss: Loss, examples: Examples) -> list[str]:
    """Whether the targets of tokens are these tokens themselves: to be predicted are the next ones.

    Args:
        loss: From `isthmus.evaluation.losses.loss.loss_named`; one with `shift` looks ahead by itself.
        examples: Any.

    Returns:
        What to warn of.
    """
    inputs, targets = examples.inputs, examples.targets
    if isinstance(inputs, dict):  # an encoder-decoder may well be asked to repeat its input
        inputs = None if "decoder_input_ids" in inputs else inputs.get("input_ids")
    if not isinstance(inputs, Tensor) or not isinstance(targets, Tensor) or getattr(loss, "shift", False):
        return []
    if inputs.ndim != 2 or inputs.shape != targets.shape or not (is_whole(inputs) and is_whole(targets)):
        return []
    counted = targets != getattr(loss, "ignore_index", NOT_COUNTED)
    if not (inputs.long() == targets.long())[counted].all():
        return []
    return [
        f"{examples.name}: every token's target is this token itself; if the next ones are to be predicted, as "
        "language models do, say cross_entropy:shift=true, or shift them: inputs tokens[:, :-1], targets tokens[:, 1:]"
    ]


def probability_outputs(loss: Loss, outputs: Tensor) -> list[str]:
    """Whether a network seems to end in softmax or sigmoid under a loss that takes logits.

    Args:
        loss: From `isthmus.evaluation.losses.loss.loss_named`.
        outputs: Of a batch.

    Returns:
        What to warn of.
    """
    within = bool(((outputs >= 0) & (outputs <= 1)).all()) and outputs.numel() >= FEWEST_VALUES
    sums = outputs.sum(dim=-1, dtype=torch.float64) if outputs.ndim > 1 else outputs
    if name_of_loss(loss) == "cross_entropy" and within and bool(((sums - 1).abs() < SUM_TOLERANCE).all()):
        return [_remark("add up to 1", "softmax", "cross_entropy")]
    if name_of_loss(loss) == "binary_cross_entropy" and within:
        return [_remark("lie in [0, 1]", "sigmoid", "binary_cross_entropy")]
    return []


def _remark(seen: str, last: str, loss: str) -> str:
    return (
        f"the network's outputs {seen}, as if it ended in {last}; {loss} takes logits and applies {last} itself, so "
        f"its numbers are not the losses that such a network was trained on: leave the last {last} out of forward, or "
        "give a loss of your own that takes probabilities"
    )


def _filled(values: Tensor) -> Tensor:
    return values.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0) if values.is_floating_point() else values


def _rows_not_finite(tree: Tree) -> list[int]:
    found: set[int] = set()
    for values in tensors(tree):
        if values.is_floating_point():
            for start in range(0, len(values), ROWS_AT_ONCE):
                found.update(start + row for row in wrong_rows(~values[start : start + ROWS_AT_ONCE].isfinite()))
    return sorted(found)
