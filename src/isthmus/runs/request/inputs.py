"""From what the user gives to the model, weights and data of a measurement."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from isthmus.errors import GUESS, InputError, MisfitError
from isthmus.evaluation.losses.loss import Loss, loss_named
from isthmus.hugging_face import PREFIX, hugging_face_source
from isthmus.identity import Identity, identity_of
from isthmus.models.guess import guessed_model
from isthmus.models.load import load_model
from isthmus.models.pretrained import model_settings, renamed_weights
from isthmus.models.ready import ready_model
from isthmus.models.source import known_modules, source_hash
from isthmus.user_code import imported_neighbours, user_file
from isthmus.weights.checkpoint import Checkpoint, load_checkpoint
from isthmus.weights.fitting import fit_to_model
from isthmus.weights.formats.nest import found_weights
from isthmus.weights.state import StateDict, content_hash

Model = nn.Module | Callable[[], nn.Module] | str
ANOTHER_SEED = 20_180_307  # any seed that a user's function is unlikely to set itself
BUILT_TWICE_BYTES = 2**30  # larger models are not built a second time to see what is random in them
Weights = StateDict | Checkpoint | str | Path


@dataclass(frozen=True)
class NamedWeights:
    """Weights under the model's keys, with what is known of them.

    Attributes:
        weights: The model's keys, in its order, in the dtype of the file.
        name: The checkpoint's file name; "a" or "b" for weights given directly.
        notes: What was done on loading them.
        hash: Their content hash.
        filled: Keys that were not there and are tied to others.
    """

    weights: dict[str, Tensor]
    name: str
    notes: tuple[str, ...]
    hash: str
    filled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NamedModel:
    """A model.

    Attributes:
        module: The network.
        name: What to call it.
        hash: Of all that it does beside its weights.
        unknown: What of it can't be told from others, in words.
        notes: What was done to what was given, in words.
        drawn: Its tensors beside the weights that are others whenever it is built.
        build: Builds it once more; None for a module that was given, and for isthmus' own.
        again: Another build, where it has other attributes than the first.
    """

    module: nn.Module
    name: str
    hash: str
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    build: Callable[[], nn.Module] | None = None
    again: nn.Module | None = None


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

    Raises:
        MisfitError: They are of another network; the message proposes one of isthmus that takes them.
        InputError: Tied keys hold different values.
    """
    try:
        renamed, more = renamed_weights(weights, module, name)
        fitted = fit_to_model(renamed, module, name)
    except MisfitError as error:
        guess = guessed_model(weights)
        remedy = f"{GUESS} {guess}? {error.remedy[:1].upper()}{error.remedy[1:]}" if guess else error.remedy
        raise MisfitError(error.expected, error.got, error.where, remedy) from error
    detached = {key: tensor.detach() for key, tensor in fitted.weights.items()}
    return NamedWeights(detached, name, (*notes, *more, *fitted.notes), content_hash(detached), fitted.filled)


def named_model(model: Model, weights: StateDict) -> NamedModel:
    """The model that was given, built if it is a name or a function.

    Args:
        model: A module, a function that builds one, or a specification such as "resnet18_no_norm:width=16".
        weights: A state dict that it is to take; options that are left open are read from its shapes.

    Returns:
        The module. Its hash covers its structure and its configuration if it is one of transformers; of a model of the
        user's own also its code, attributes, and what tensors no checkpoint holds (`isthmus.identity`).

    Raises:
        InputError: It is none of these.
    """
    if isinstance(model, str):
        return _specified_model(model, weights)
    if isinstance(model, nn.Module):
        return _own_model(model, weights)
    if callable(model):
        module = model()
        if not isinstance(module, nn.Module):
            raise InputError("a function that builds a module", type(module).__name__, "model", "return the nn.Module")
        return _own_model(module, weights, build=model)
    raise InputError(
        "a module, a function that builds one, or a model's name", type(model).__name__, "model", "give one of these"
    )


def _specified_model(spec: str, weights: StateDict) -> NamedModel:
    source = source_hash(spec)
    if source is None:  # isthmus' own, or one of transformers: its code is known by its name
        module = load_model(spec, weights, with_values=False)
        return NamedModel(module, _shown(spec), _hash(module, ""))
    build = partial(load_model, spec, weights)
    return _own_model(build(), weights, _shown(spec), source, known_modules(spec), build)


def _own_model(
    given: nn.Module,
    weights: StateDict,
    name: str = "",
    source: str = "",
    modules: Collection[str] = (),
    build: Callable[[], nn.Module] | None = None,
) -> NamedModel:
    module, notes = ready_model(given, weights)
    identity = identity_of(module, "model", known_modules=modules, has_weights=False)
    code = _hash(module, f"{source}\0{identity.text}\0")
    name = name or type(module).__name__
    if build is None:
        return NamedModel(module, name, code, identity.unknown, notes)

    def built() -> nn.Module:
        return ready_model(build(), weights)[0]

    num_bytes = sum(tensor.nbytes for tensor in module.state_dict().values() if isinstance(tensor, Tensor))
    again, drawn = _another(identity, built, modules) if num_bytes <= BUILT_TWICE_BYTES else (None, ())
    return NamedModel(module, name, code, identity.unknown, notes, drawn, built, again)


def _another(
    identity: Identity, build: Callable[[], nn.Module], modules: Collection[str]
) -> tuple[nn.Module | None, tuple[str, ...]]:
    """Another build, if it has other attributes than the first, and the tensors among these."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(ANOTHER_SEED)
        try:
            module = build()
        except Exception:  # a function of the user's that builds once
            return None, ()
        again = identity_of(module, "model", known_modules=modules, has_weights=False)
    if again.text == identity.text:
        return None, ()
    return module, tuple(place for place, text in identity.numbers.items() if again.numbers.get(place) != text)


def _hash(module: nn.Module, code: str) -> str:
    settings = model_settings(module)
    text = json.dumps(settings, sort_keys=True, default=str) if settings else ""
    return hashlib.sha256(f"{module!r}\0{code}{text}".encode()).hexdigest()


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
        return f"{PREFIX}{hugging_face_source(spec, 'model').name}"
    path, colon, function = spec.partition(".py:")
    return f"{Path(path).name}{colon}{function}" if colon else spec


@dataclass(frozen=True)
class NamedLoss:
    """A loss, what identifies it, and what of it can't be identified.

    Attributes:
        function: Makes per-example losses.
        code: Its name, which identifies isthmus' own; of any other callable what it does.
        unknown: What of it can't be told from others, in words.
    """

    function: Loss
    code: str
    unknown: tuple[str, ...] = ()


def named_loss(loss: str | Loss) -> NamedLoss:
    """A loss with what identifies it.

    Args:
        loss: A name, or any callable.

    Returns:
        The loss.
    """
    if isinstance(loss, str):
        return NamedLoss(loss_named(loss), loss)
    # The module of a partial is functools, not the user's.
    named = loss.func if isinstance(loss, partial) else loss
    file = user_file(getattr(named, "__module__", None))
    identity = identity_of(loss, "loss", known_modules=imported_neighbours(file) if file else ())
    return NamedLoss(loss_named(loss), identity.text, identity.unknown)
