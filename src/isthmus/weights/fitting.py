"""Weights brought under the keys of a model."""

from dataclasses import dataclass

from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.weights.state import StateDict, same_bits, structure_difference, tensors_of, tied_keys


@dataclass(frozen=True)
class FittedWeights:
    """Weights with exactly the model's keys, in its order, and what was done to get there."""

    weights: dict[str, Tensor]
    notes: tuple[str, ...]


def fitted_to(weights: StateDict, model: nn.Module, where: str) -> FittedWeights:
    """The weights under the model's own keys: a common first component stripped, tied keys filled in.

    Args:
        weights: A state dict as it was found.
        model: The network that it should belong to; not changed.
        where: What to call these weights in messages, such as the checkpoint's name.

    Returns:
        The weights and a note for every change. Tensors are shared, not copied.

    Raises:
        InputError: Keys or shapes differ (all of them are named), or tied keys hold different values.
    """
    expected = tensors_of(model)
    fitted = dict(weights)
    notes: list[str] = []
    first = next(iter(fitted), "").partition(".")[0] + "."
    bare = {key.removeprefix(first) for key in fitted}
    if not fitted.keys() & expected.keys() and bare & expected.keys() and all(k.startswith(first) for k in fitted):
        fitted = {key.removeprefix(first): tensor for key, tensor in fitted.items()}
        notes.append(f"the prefix {first!r} was stripped from every key")
    for group in tied_keys(model):
        present = [key for key in group if key in fitted]
        for key in present[1:]:
            if not same_bits(fitted[key], fitted[present[0]]):
                raise InputError(
                    f"equal values under {present[0]!r} and {key!r}, which the model ties together",
                    "different values",
                    where,
                    "measure with a model that does not tie them, or give a checkpoint of the tied model",
                )
        for key in group:
            if present and key not in fitted:
                fitted[key] = fitted[present[0]]
                notes.append(f"{key!r} was filled from {present[0]!r}, to which the model ties it")
    difference = structure_difference(fitted, expected)
    if difference:
        raise InputError(
            f"the {len(expected)} keys and shapes of the model",
            str(difference),
            where,
            "give the model (and its options, such as width or classes) that this checkpoint was trained with",
        )
    return FittedWeights({key: fitted[key] for key in expected}, tuple(notes))
