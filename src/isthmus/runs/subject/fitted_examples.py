"""Inputs by name as a model's `forward` takes them: what it does not take is left out, what it needs is made."""

import inspect
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.data.named import NOT_COUNTED
from isthmus.errors import InputError, short_list
from isthmus.models.pretrained import is_pretrained

DECODER_INPUTS = ("decoder_input_ids", "decoder_inputs_embeds")


def fitted_examples(examples: Examples, module: nn.Module) -> Examples:
    """The examples with the inputs that a model takes.

    Inputs that are no dict come back as they are. A `forward` with `**kwargs` takes all, apart from those of
    transformers, whose own training passes only the arguments that are named. An encoder-decoder of transformers that
    is to write the targets reads them shifted to the right, as in its training.

    Args:
        examples: As loaded.
        module: The model.

    Returns:
        The examples; the notes say what was left out and made.

    Raises:
        InputError: The model takes none of the inputs.
    """
    if not isinstance(examples.inputs, dict):
        return examples
    taken = _taken(module)
    inputs, notes = examples.inputs, list(examples.notes)
    if taken is not None and (others := [name for name in inputs if name not in taken]):
        inputs = {name: part for name, part in inputs.items() if name in taken}
        if not inputs:
            raise InputError(
                f"inputs that {type(module).__name__}.forward takes: {short_list(taken)}",
                short_list(others),
                examples.name,
                "give the inputs, or the arguments of forward, the same names; a single one may be called inputs",
            )
        notes.append(f"{type(module).__name__}.forward does not take {short_list(others)}: left out")
    made = _decoder_inputs(module, inputs, examples.targets, taken)
    if made is not None:
        inputs = inputs | {DECODER_INPUTS[0]: made}
        notes.append(f"{DECODER_INPUTS[0]} are made from the targets, shifted to the right as in training")
    return replace(examples, inputs=inputs, notes=tuple(notes)) if notes != list(examples.notes) else examples


def _taken(module: nn.Module) -> list[str] | None:
    """The names of the arguments; None for any."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):  # of a module that is no Python code
        return None
    kinds = inspect.Parameter
    if any(parameter.kind is kinds.VAR_KEYWORD for parameter in parameters) and not is_pretrained(module):
        return None
    return [p.name for p in parameters if p.kind in {kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY}]


def _decoder_inputs(
    module: nn.Module, inputs: dict[str, Any], targets: object, taken: list[str] | None
) -> Tensor | None:
    """What a decoder reads at each place: the target before it; None where it is given or not asked for."""
    config: Any = getattr(module, "config", None)
    if not is_pretrained(module) or not getattr(config, "is_encoder_decoder", False):
        return None
    if DECODER_INPUTS[0] not in (taken or ()) or any(name in inputs for name in DECODER_INPUTS):
        return None
    if not isinstance(targets, Tensor) or targets.ndim != 2 or targets.is_floating_point():
        return None
    prepare: Any = getattr(module, "prepare_decoder_input_ids_from_labels", None)
    if prepare is not None:
        made: Tensor = prepare(labels=targets.long().clone())
        return made
    start, pad = (getattr(config, name, None) for name in ("decoder_start_token_id", "pad_token_id"))
    if start is None:
        return None
    shifted = torch.cat([torch.full_like(targets[:, :1], start), targets[:, :-1]], dim=1).long()
    # -100 is no token; padding stands in its place, as in training.
    return shifted.masked_fill(shifted == NOT_COUNTED, start if pad is None else pad)
