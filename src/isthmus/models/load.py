"""From the user's text to a network that can take weights."""

import fnmatch
import importlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.hugging_face import HuggingFaceSource
from isthmus.models.low_rank import load_adapted_model
from isthmus.models.pretrained import load_pretrained_model
from isthmus.models.registry import MODELS, Option
from isthmus.models.source import load_user_model
from isthmus.models.spec import WHERE, RegisteredModel, parse_model_spec
from isthmus.models.without_values import built_without_values
from isthmus.weights.formats.adapter import is_adapter
from isthmus.weights.keys import full_key, prefixes, usual_first


def load_model(spec: str, weights: Mapping[str, Tensor] | None = None, *, with_values: bool = True) -> nn.Module:
    """Build the network that a specification names, on the CPU, with PyTorch's random state as it was before.

    An option that the specification leaves open is read from the shapes of `weights` where they show it, else it has
    its default. Whether the weights fit the network is not checked here.

    Args:
        spec: A registered name with options (`resnet18_no_norm:width=16`), `hf:FOLDER_OR_ID[@REVISION]`,
            `path/to/file.py:function` or `package.module:function`, also with arguments.
        weights: A state dict that the network is to take.
        with_values: Whether its parameters need values: False leaves them on the device `meta`, where they take no
            memory, if it is one of isthmus or transformers whose weights all come from a checkpoint.

    Returns:
        The network, freshly initialised from the current random state.

    Raises:
        InputError: If the specification is wrong, the user's file or function fails, or a needed option is given
            nowhere.
    """
    parsed = parse_model_spec(spec)
    # Whatever default device the user has set.
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        if isinstance(parsed, HuggingFaceSource):
            if parsed.is_folder and is_adapter(Path(parsed.source)):
                return load_adapted_model(parsed)
            return _built(partial(load_pretrained_model, parsed), with_values)
        if not isinstance(parsed, RegisteredModel):
            return load_user_model(parsed)
        options = options_of(parsed, weights or {})
        module, _, function = MODELS[parsed.name].origin.partition(":")
        try:
            return _built(partial(getattr(importlib.import_module(module), function), **options), with_values)
        except InputError:
            raise
        except ValueError as error:
            raise InputError("options that fit together", str(error), f"{WHERE} {spec}", "choose others") from error


def _built(build: Callable[[], nn.Module], with_values: bool) -> nn.Module:
    return build() if with_values else built_without_values(build)


def options_of(spec: RegisteredModel, weights: Mapping[str, Tensor]) -> dict[str, int | float]:
    """Every option of a network: as it was given, as a checkpoint shows it, or its default.

    Args:
        spec: The network.
        weights: A state dict that it is to take; may be empty.

    Returns:
        Option -> value.

    Raises:
        InputError: A needed option is given nowhere.
    """
    weights, options = _network_in(weights, spec), dict[str, int | float]()
    for name, option in MODELS[spec.name].options.items():
        value = spec.options.get(name)
        if value is None:
            value = _shown(option, weights)
        if value is None:
            example = f"write {spec.name}:{name}=784 for 28 x 28 grey images, say"
            if option.needed:
                example = f"a checkpoint does not show it: write {spec.name}:{name}=8, say, as the network was trained"
            raise InputError(f"the option {name!r} of {spec.name}", "no value", WHERE, example)
        options[name] = value
    return options


def _network_in(weights: Mapping[str, Tensor], spec: RegisteredModel) -> Mapping[str, Tensor]:
    """The weights under the prefix where all tensors stand that show options; as they are if they stand bare."""
    wanted = {o.key for o in MODELS[spec.name].options.values() if o.key is not None and o.axis is not None}
    covering = [p for p in prefixes(weights, wanted) if all(full_key(p, key) in weights for key in wanted)]
    prefix = usual_first(covering)
    return {key.removeprefix(f"{prefix}."): t for key, t in weights.items()} if prefix else weights


def _shown(option: Option, weights: Mapping[str, Tensor]) -> int | float | None:
    """The value of an option that a checkpoint shows, else its default; None if it must be given."""
    if option.key is None:
        return None if option.needed and weights else option.default
    if option.axis is None:
        return len(fnmatch.filter(weights, option.key)) or option.default
    shape = weights[option.key].shape if option.key in weights else ()
    return shape[option.axis] if option.axis < len(shape) else option.default
