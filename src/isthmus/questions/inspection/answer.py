"""What is in one or two checkpoints, layer by layer, without data."""

import re
from pathlib import Path
from typing import Any

from torch import nn

from isthmus.errors import InputError
from isthmus.layers.labels import own_labels
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.measures.distance import layer_distance
from isthmus.models.load import load_model
from isthmus.models.pretrained import renamed_weights
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.weights.checkpoint import Checkpoint, load_checkpoint
from isthmus.weights.fitting import fit_to_model
from isthmus.weights.placement import entries_like, placement
from isthmus.weights.state import Kind, StateDict, entry_kinds, is_blendable, structure_difference

PART = re.compile(r"(?:(?P<module>.*?)\.)?parametrizations\.(?P<name>[^.]+)\.")
"""How a key of `torch.nn.utils.parametrizations` begins: the module, and its tensor that the parts make."""


def checkpoint_layers(
    a: Path, b: Path | None, model: str | None, layers: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Layers, shapes and parameters of a checkpoint, and its distances to a second one.

    Without a model the layers are the modules that the keys name, the parts of a parametrised weight included; every
    floating-point entry counts as a parameter, but for the vectors of spectral normalisation; and the order is that of
    the file.

    Args:
        a: A checkpoint.
        b: Another of the same keys and shapes, or None.
        model: A model's name or function, or None.
        layers: The layer rule; other rules than `module` need a model.

    Returns:
        One record a layer and one for all of them, and what was done on loading. An undefined cosine is its reason.

    Raises:
        InputError: A checkpoint cannot be read, or the two do not fit together or to the model.
    """
    if model is None and layers != "module":
        raise InputError("--model with this layer rule", "none", f"--layers {layers}", "add --model NAME")
    checkpoints = [load_checkpoint(path) for path in (a, b) if path is not None]
    notes = [f"{c.name}: {note}" for c in checkpoints for note in c.notes]
    weights: list[StateDict] = [c.weights for c in checkpoints]
    if model is None:
        weights = alike(checkpoints, notes)
        partition, parameters = named_modules(weights[0]), _named_parameters(weights[0])
    else:
        module = load_model(model, weights[0])
        weights = [_fitted(c, module, notes) for c in checkpoints]
        partition = layer_partition(layers, module)
        parameters = {key for key, kind in entry_kinds(module).items() if kind is Kind.PARAMETER}
    groups = {**partition.layers, FULL_NETWORK: tuple(k for keys in partition.layers.values() for k in keys)}
    return [_row(label, keys, weights, parameters) for label, keys in groups.items()], notes


def _fitted(checkpoint: Checkpoint, module: nn.Module, notes: list[str]) -> StateDict:
    renamed, more = renamed_weights(checkpoint.weights, module, checkpoint.name)
    fitted = fit_to_model(renamed, module, checkpoint.name)
    notes += [f"{checkpoint.name}: {note}" for note in (*more, *fitted.notes)]
    return fitted.weights


def named_modules(weights: StateDict) -> LayerPartition:
    """The layers that the keys of a checkpoint name, without its model.

    Args:
        weights: Any state dict.

    Returns:
        A layer for each module, parts of a parametrised weight included, in the order of the keys; labels as those of
        `isthmus.layers.rules.layer_partition`.
    """
    groups: dict[str, list[str]] = {}
    for key in weights:
        outer = PART.match(key)
        label = outer["module"] or outer["name"] if outer else key.rpartition(".")[0] or key
        groups.setdefault(label, []).append(key)
    called = own_labels(groups)
    return LayerPartition({called[label]: keys for label, keys in groups.items()}, "module")


def alike(checkpoints: list[Checkpoint], notes: list[str]) -> list[StateDict]:
    """The weights of one or two checkpoints under the same keys: those of the one that is found in the other.

    Args:
        checkpoints: One or two.
        notes: What is done is added here.

    Returns:
        State dicts of equal keys.

    Raises:
        InputError: Keys or shapes of the two differ.
    """
    if len(checkpoints) == 1:
        return [checkpoints[0].weights]
    a, b = checkpoints
    for first, second in ((a, b), (b, a)):
        found = placement(second.weights, entries_like(first.weights), second.name)
        if not found.difference:
            notes += [f"{second.name}: {note}" for note in found.notes]
            taken = {key: second.weights[source] for key, source in found.keys.items()}
            shared = {key: tensor for key, tensor in first.weights.items() if key in taken}
            return [shared, taken] if first is a else [taken, shared]
    raise InputError(
        f"the {len(a.weights)} keys and shapes of {a.name}",
        str(structure_difference(b.weights, a.weights)),
        b.name,
        "give two checkpoints of one architecture",
    )


def _named_parameters(weights: StateDict) -> set[str]:
    def is_vector(key: str) -> bool:
        stem, underscore, end = key.rpartition("_")
        stored = f"{stem}_orig" in weights or (PART.match(key) is not None and stem.endswith("."))
        return bool(underscore) and end in {"u", "v"} and stored

    return {key for key, tensor in weights.items() if is_blendable(tensor) and not is_vector(key)}


def _row(label: str, keys: tuple[str, ...], weights: list[StateDict], parameters: set[str]) -> dict[str, Any]:
    own = [key for key in keys if key in parameters]
    shapes = " ".join("x".join(map(str, weights[0][key].shape)) or "1" for key in own) if label != FULL_NETWORK else ""
    # Of a single checkpoint this is the distance to itself: only its counts are used.
    found = layer_distance(weights[0], weights[-1], own)
    row: dict[str, Any] = {"layer": label, "shapes": shapes, "parameters": found.num_parameters}
    if len(weights) > 1:
        row |= {
            "distance": found.distance,
            "relative_distance": found.relative_distance,
            "cosine": found.cosine if found.status == "defined" else found.status,
        }
    return row
