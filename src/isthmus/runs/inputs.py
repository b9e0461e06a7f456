"""From what the user gives to the model, weights and data of a measurement."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.hugging_face import PREFIX, parsed_source
from isthmus.models.load import load_model
from isthmus.models.pretrained import model_settings, renamed_weights
from isthmus.models.source import source_hash
from isthmus.weights.checkpoint import Checkpoint, load_checkpoint
from isthmus.weights.fitting import fitted_to
from isthmus.weights.nest import found_weights
from isthmus.weights.state import StateDict, content_hash

Model = nn.Module | Callable[[], nn.Module] | str
Weights = StateDict | Checkpoint | str | Path


@dataclass(frozen=True)
class NamedWeights:
    """Weights under the model's keys, with what is known of them.

    Attributes:
        weights: The model's keys, in its order, in the dtype of the file.
        name: The checkpoint's file name; "a" or "b" for weights given directly.
        notes: What was done on loading them.
        hash: Their content hash.
    """

    weights: dict[str, Tensor]
    name: str
    notes: tuple[str, ...]
    hash: str


@dataclass(frozen=True)
class NamedModel:
    """A model, what to call it, and the hash of what is known of its code."""

    module: nn.Module
    name: str
    hash: str


Read = tuple[StateDict, str, tuple[str, ...]]


def read_weights(weights: Weights, name: str) -> Read:
    """The weights that were given, read from disk if it is a path.

    Args:
        weights: A state dict, what a torch file held, a checkpoint, or the path of one.
        name: "a" or "b".

    Returns:
        State dict, what to call it, notes.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(weights, str | Path):
        checkpoint = load_checkpoint(weights)
        return checkpoint.weights, checkpoint.name, checkpoint.notes
    if isinstance(weights, Checkpoint):
        return weights.weights, weights.name, weights.notes
    if isinstance(weights, Mapping) and weights:
        found = found_weights(weights, f"network {name}")
        return found.weights, name, found.notes
    raise InputError(
        "a state dict of tensors or the path of a checkpoint",
        type(weights).__name__,
        f"network {name}",
        "give model.state_dict(), or the file that it was saved to",
    )


def read_pair(a: Weights, b: Weights) -> tuple[Read, Read]:
    """The weights of both networks; files of one name are called by their folder too, as in "a/20ep.safetensors".

    Args:
        a: As `read_weights`.
        b: As `read_weights`.

    Returns:
        What `read_weights` returns, of each.
    """
    read_a, read_b = read_weights(a, "a"), read_weights(b, "b")
    if read_a[1] == read_b[1] and isinstance(a, str | Path) and isinstance(b, str | Path):
        folders = [Path(path).resolve().parent.name for path in (a, b)]
        if folders[0] != folders[1]:
            named = [
                (read[0], f"{folder}/{read[1]}", read[2])
                for folder, read in zip(folders, (read_a, read_b), strict=True)
            ]
            return named[0], named[1]
    return read_a, read_b


def fitted_weights(weights: StateDict, name: str, notes: tuple[str, ...], module: nn.Module) -> NamedWeights:
    """The weights under the model's keys.

    Args:
        weights: As they were read.
        name: What to call them.
        notes: What was done so far.
        module: The model.

    Returns:
        Weights that the model can take; tensors are shared, never written to.
    """
    renamed, more = renamed_weights(weights, module, name)
    fitted = fitted_to(renamed, module, name)
    detached = {key: tensor.detach() for key, tensor in fitted.weights.items()}
    return NamedWeights(detached, name, (*notes, *more, *fitted.notes), content_hash(detached))


def named_model(model: Model, weights: StateDict) -> NamedModel:
    """The model that was given, built if it is a name or a function.

    Args:
        model: A module, a function that builds one, or a specification such as "resnet18_no_norm:width=16".
        weights: A state dict that it is to take; options that are left open are read from its shapes.

    Returns:
        The module. Its hash covers its structure, its configuration if it is one of transformers, and, where it can be
        read, the source of its class.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(model, str):
        module = load_model(model, weights)
        name, code = _shown(model), source_hash(model) or ""
    elif isinstance(model, nn.Module):
        module, name, code = model, type(model).__name__, _source_of(type(model))
    elif callable(model):
        built = model()
        if not isinstance(built, nn.Module):
            raise InputError("a function that builds a module", type(built).__name__, "model", "return the nn.Module")
        module, name, code = built, type(built).__name__, _source_of(type(built))
    else:
        raise InputError(
            "a module, a function that builds one, or a model's name",
            type(model).__name__,
            "model",
            "give one of these",
        )
    if settings := model_settings(module):
        code += json.dumps(settings, sort_keys=True, default=str)
    return NamedModel(module, name, hashlib.sha256(f"{module!r}\0{code}".encode()).hexdigest())


def own_tokenizer(model: Model) -> str | None:
    """Where a model's own tokenizer is found.

    Args:
        model: As `named_model`.

    Returns:
        The folder or id of `hf:...`; None for other models.
    """
    return model.removeprefix(PREFIX) if isinstance(model, str) and model.startswith(PREFIX) else None


def _shown(spec: str) -> str:
    """The specification without the folders of a user's file or folder, which are nobody else's business."""
    if spec.startswith(PREFIX):
        return f"{PREFIX}{parsed_source(spec, 'model').name}"
    path, colon, function = spec.partition(".py:")
    return f"{Path(path).name}{colon}{function}" if colon else spec


def _source_of(thing: object) -> str:
    try:
        return inspect.getsource(thing)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return getattr(thing, "__qualname__", repr(type(thing)))


def loss_identity(loss: object) -> tuple[str, str]:
    """What to call a loss, and what identifies it.

    Args:
        loss: A name, or a function.

    Returns:
        Name and identity; of a function its qualified name and its source where that can be read.
    """
    if isinstance(loss, str):
        return loss, loss
    return getattr(loss, "__qualname__", type(loss).__name__), _source_of(loss)
