"""Networks of `transformers`, from the configuration in a folder or under an id, and weights under their keys."""

import copy
import sys
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import InputError, MisfitError, short_list
from isthmus.hugging_face import HuggingFaceSource, explain_hub_failures, quiet, transformers_package
from isthmus.models.spec import WHERE
from isthmus.weights.placement import entries_of_model, placement
from isthmus.weights.state import StateDict, tensors_of

TASKS = {
    "MODEL_FOR_CAUSAL_LM_MAPPING": "AutoModelForCausalLM",
    "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING": "AutoModelForImageClassification",
}


def load_pretrained_model(source: HuggingFaceSource) -> nn.Module:
    """The network that a configuration describes, in float32: the class that its `architectures` name.

    A configuration without them gives a causal language model or an image classifier. Only `config.json` is read; no
    weights, and no code beside it.

    Args:
        source: Folder or id.

    Returns:
        The network, freshly initialised from the current random state.

    Raises:
        InputError: There is no configuration, none that transformers knows, or one of another class; or transformers
            is not installed.
    """
    transformers = transformers_package(f"{WHERE} hf:{source.name}")
    with quiet(transformers), explain_hub_failures(source, "a configuration", WHERE):
        config = transformers.AutoConfig.from_pretrained(source.source, **source.arguments)
        # Nothing is generated, and a cache would be an output beside the scores.
        config.use_cache = False
        named = list(getattr(config, "architectures", None) or ())
        for name in named:
            kind = getattr(transformers, name, None)
            if isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel):
                built: nn.Module = kind._from_config(config, dtype=torch.float32)  # type: ignore[attr-defined]
                return built
        for mapping, builder in TASKS.items():
            if not named and type(config) in getattr(transformers, mapping):
                auto = getattr(transformers, builder)
                model: nn.Module = auto.from_config(config, dtype=torch.float32, trust_remote_code=False)
                return model
    raise InputError(
        "a configuration whose `architectures` name a class of transformers, such as BertForSequenceClassification",
        f"{short_list(named)}, which transformers {transformers.__version__} does not have"
        if named
        else f"a configuration of {config.model_type} without them",
        f"{WHERE} hf:{source.name}",
        "write the name into config.json, or wrap the model in a function: --model path/to/file.py:function",
    )


def model_settings(model: nn.Module) -> dict[str, Any]:
    """What the configuration of a network of transformers says beyond its modules, such as the number of heads.

    Args:
        model: Any network.

    Returns:
        Its configuration without paths and versions; empty for other networks.
    """
    config = getattr(model, "config", None)
    if not is_pretrained(model) or config is None:
        return {}
    settings: dict[str, Any] = config.to_dict()
    return {name: value for name, value in settings.items() if name not in {"_name_or_path", "transformers_version"}}


def renamed_weights(weights: StateDict, model: nn.Module, where: str) -> tuple[StateDict, tuple[str, ...]]:
    """The weights under the keys of a network of transformers, by transformers' own rules.

    Published checkpoints have other prefixes, older names, and entries that are no weights any more (attention masks).
    Weights whose keys are all the model's, and those of other networks, come back as they are.

    Args:
        weights: As they were read.
        model: The network that is to take them; not changed.
        where: What to call the weights in messages.

    Returns:
        Weights and, where something was renamed, a note.

    Raises:
        MisfitError: The rules leave keys missing, left over, or of another shape.
    """
    if not is_pretrained(model) or weights.keys() <= tensors_of(model).keys():
        return weights, ()
    if not placement(weights, entries_of_model(model), where).difference:
        return weights, ()
    # All entries are loaded in one type; the widest loses nothing.
    widest = max((t.dtype for t in weights.values() if t.is_floating_point()), key=lambda d: d.itemsize)
    with quiet(transformers_package(where)), torch.random.fork_rng(devices=[]):
        loaded, found = type(model).from_pretrained(  # type: ignore[attr-defined]
            None,
            config=copy.deepcopy(model.config),
            state_dict=dict(weights),
            dtype=widest,
            ignore_mismatched_sizes=True,  # they are told below, with the others
            output_loading_info=True,
        )
    mismatched = [entry[0] for entry in found["mismatched_keys"]]
    wrong = {"missing": found["missing_keys"], "unexpected": found["unexpected_keys"], "of another shape": mismatched}
    difference = "; ".join(f"{len(keys)} {what}: {short_list(sorted(keys), 3)}" for what, keys in wrong.items() if keys)
    if difference:
        raise MisfitError(
            f"the keys and shapes of {type(model).__name__}",
            difference,
            where,
            "give the model (and its sizes) that this checkpoint was trained with",
        )
    renamed: dict[str, Tensor] = tensors_of(loaded)
    gone = [key for key in weights if key not in renamed]
    return renamed, (
        f"transformers' rules for checkpoints renamed or left out {len(gone)} keys: {short_list(gone, 3)}",
    )


def is_pretrained(model: nn.Module) -> bool:
    """Whether a network is one of transformers."""
    transformers = sys.modules.get("transformers")
    return transformers is not None and isinstance(model, transformers.PreTrainedModel)
