"""Renaming weights to the keys of a model."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from isthmus.errors import InputError, MisfitError, short_list
from isthmus.weights.formats.number_types import read_as
from isthmus.weights.placement import Placement, entries_of_model, placement
from isthmus.weights.state import StateDict, copy_of, same_bits, tensors_of


@dataclass(frozen=True)
class FittedWeights:
    """Weights with exactly the model's keys, in its order, and what was done to get there.

    Attributes:
        weights: Tensors are shared with what was given.
        notes: What was done, in words.
        filled: Keys that were not there and are tied to others.
    """

    weights: dict[str, Tensor]
    notes: tuple[str, ...]
    filled: frozenset[str] = frozenset()


def fit_to_model(weights: StateDict, model: nn.Module, where: str) -> FittedWeights:
    """The weights under the model's own keys.

    Prefixes and the parts of wrappers are stripped, what stands beside the network is left out, tied keys and
    BatchNorm's step counters that the file lacks are filled in. Where that is not enough, the model's own rules for
    loading decide, as between the two styles of weight norm.

    Args:
        weights: A state dict as it was found.
        model: The network that it should belong to; not changed.
        where: What to call these weights in messages, such as the checkpoint's name.

    Returns:
        The weights and a note for every change. Tensors are shared, not copied.

    Raises:
        MisfitError: Keys or shapes differ.
        InputError: Tied keys hold different values.
    """
    expected = entries_of_model(model)
    found = placement(weights, expected, where)
    if found.difference:
        fitted, notes = _loaded_by(model, weights, found, where)
    else:
        fitted, notes = {key: weights[source] for key, source in found.keys.items()}, list(found.notes)
    filled = set()
    for group in expected.ties:
        present = [key for key in group if key in fitted]
        for key in present[1:]:
            if differ_by_rounding(fitted[key], fitted[present[0]]):
                narrow, wide = sorted((key, present[0]), key=lambda k: _num_bits(fitted[k]))
                fitted[narrow] = fitted[wide]
                notes.append(f"{narrow!r} was taken from {wide!r}, to which the model ties it: they differ by rounding")
            elif not same_bits(fitted[key], fitted[present[0]]):
                raise InputError(
                    f"equal values under {present[0]!r} and {key!r}, which the model ties together",
                    "different values",
                    where,
                    "measure with a model that does not tie them, or give a checkpoint of the tied model",
                )
        for key in group:
            if present and key not in fitted:
                fitted[key] = fitted[present[0]]
                filled.add(key)
                notes.append(f"{key!r} was filled from {present[0]!r}, to which the model ties it")
    if lacking := [key for key in expected.tensors if key not in fitted]:
        fitted |= {key: torch.zeros_like(expected.tensors[key]) for key in lacking}
        notes.append(
            f"step counters that the file lacks were set to 0, without effect on outputs: {short_list(lacking, 3)}"
        )
    read, more = read_as({key: fitted[key] for key in expected.tensors}, expected.tensors, where)
    return FittedWeights(read, (*notes, *more), frozenset(filled))


def _loaded_by(
    model: nn.Module, weights: StateDict, found: Placement, where: str
) -> tuple[dict[str, Tensor], list[str]]:
    """What `load_state_dict` of the model makes of the weights under a prefix, if it places each and lacks none."""
    below = f"{found.prefix}." if found.prefix else ""
    own = {key.removeprefix(below): tensor.detach() for key, tensor in weights.items() if key.startswith(below)}
    try:
        loaded = copy_of(model)
        # Assigned, since copying would round the file's numbers to the model's type.
        loaded.load_state_dict(own, assign=True)
    except Exception as error:  # whatever the user's module raises on copying or loading
        raise MisfitError(
            f"the {len(tensors_of(model))} keys and shapes of the model",
            (f"under the prefix {below!r}: " if below else "") + str(found.difference),
            where,
            "give the model (and its options, such as width or classes) that this checkpoint was trained with",
        ) from error
    fitted = {key: tensor.detach() for key, tensor in tensors_of(loaded).items()}
    renamed = [key for key in own if key not in fitted]
    notes = [f"the model's own rules for loading read {len(renamed)} keys otherwise: {short_list(renamed, 3)}"]
    if below:
        outside = [key for key in weights if not key.startswith(below)]
        notes.append(
            f"the prefix {below!r} was stripped, and {len(outside)} keys without it left out: {short_list(outside)}"
        )
    return fitted, notes


def differ_by_rounding(one: Tensor, other: Tensor) -> bool:
    """Whether one of two tensors is the other, rounded to half precision.

    Args:
        one: Of floating-point numbers.
        other: Of the same shape.

    Returns:
        True where they differ and one holds the other's values in float16 or bfloat16, stored in any type.
    """
    if not (one.is_floating_point() and other.is_floating_point() and one.shape == other.shape):
        return False
    if same_bits(one, other):
        return False
    wide = [tensor.to(torch.float64) for tensor in (one, other)]
    for half in (torch.float16, torch.bfloat16):
        rounded = [tensor.to(half).to(torch.float64) for tensor in wide]
        if torch.equal(rounded[0], rounded[1]) and any(map(torch.equal, rounded, wide)):
            return True
    return False


def _num_bits(tensor: Tensor) -> tuple[int, int]:
    """How much a tensor tells: numbers that half precision can't hold come last."""
    exact = torch.equal(tensor.to(torch.bfloat16).to(tensor.dtype), tensor) or torch.equal(
        tensor.to(torch.float16).to(tensor.dtype), tensor
    )
    return int(not exact), tensor.dtype.itemsize
