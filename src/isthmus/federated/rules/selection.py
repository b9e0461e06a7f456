"""Layers by name, by the types of their modules, and the head."""

import difflib
import fnmatch
from collections.abc import Sequence

from torch import nn

from isthmus.errors import GUESS, InputError, short_list
from isthmus.federated.rules.rule import Exchange
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import key_owners
from isthmus.weights.state import Kind, entry_kinds

FAMILIES = {"BatchNorm": "_BatchNorm", "InstanceNorm": "_InstanceNorm"}
"""Names for what torch has a class for each number of dimensions of: the class that they derive from."""


def named_layers(names: Sequence[str], layers: LayerPartition, where: str) -> tuple[str, ...]:
    """The layers of some labels and shell patterns. A pattern that is itself a label means this layer.

    Args:
        names: Such as "fc" and "layer1.*".
        layers: All layers.
        where: Which setting names them, for the message.

    Returns:
        Labels, in the order of the layers.

    Raises:
        InputError: One of the names is no layer and matches none.
    """
    found: set[str] = set()
    for name in names:
        matching = [name] if name in layers.layers else [label for label in layers if fnmatch.fnmatchcase(label, name)]
        if not matching:
            near = difflib.get_close_matches(name, layers, n=1)
            guess = f"{GUESS} {near[0]!r}? " if near else ""
            raise InputError(
                "labels of layers, or patterns that match some",
                f"{name!r}, which no layer has",
                where,
                f"{guess}{'Write' if guess else 'write'} some of {short_list(layers)}; 'layer1.*' is all of layer1",
            )
        found.update(matching)
    return tuple(label for label in layers if label in found)


def typed_layers(types: Sequence[str], exchange: Exchange, where: str) -> tuple[str, ...]:
    """The layers whose weights are those of modules of some types.

    Args:
        types: Names of classes, of which a module's own or one that it derives from counts; "BatchNorm" and
            "InstanceNorm" mean those for any number of dimensions.
        exchange: The round, for the network and its layers.
        where: Which setting names them, for the message.

    Returns:
        Labels, in the order of the layers.

    Raises:
        InputError: A type is that of no module with weights, or a layer holds such a module's weights beside others.
    """
    owner, modules = key_owners(exchange.model), dict(exchange.model.named_modules(remove_duplicate=False))
    wanted = {FAMILIES.get(name, name): name for name in types}
    kinds, seen, found = entry_kinds(exchange.model), set[str](), []
    for label, entries in exchange.layers.layers.items():
        # A mask or a counter goes with the layer that stands before it, and says nothing of that layer's type.
        keys = [key for key in entries if kinds[key] in {Kind.PARAMETER, Kind.STATISTICS}]
        of_keys = [wanted.keys() & _classes(modules[owner[key]]) for key in keys]
        seen.update(*of_keys)
        if keys and all(of_keys):
            found.append(label)
        elif any(of_keys):
            raise InputError(
                f"layers of {' or '.join(types)} alone",
                f"layer {label!r}, which holds other weights beside them: {short_list(keys)}",
                where,
                "write layers = 'module'; normalisation without weights stays private with statistics = 'private'",
            )
    if unseen := [name for of_class, name in wanted.items() if of_class not in seen]:
        there = dict.fromkeys(type(modules[path]).__name__ for path in owner.values())
        raise InputError(
            "types of modules that this network has, with weights",
            f"{unseen[0]!r}, which none has",
            where,
            f"write types = [...] with some of {short_list(there)}",
        )
    return tuple(found)


def head_layers(names: Sequence[str], exchange: Exchange, where: str) -> tuple[str, ...]:
    """The head: the layers of some names, or the last layer with parameters in the order of use.

    Args:
        names: Labels and patterns; empty for the last layer.
        exchange: The round, for the network and its layers.
        where: Which setting names them, for the message.

    Returns:
        Labels, in the order of the layers.
    """
    if names:
        return named_layers(names, exchange.layers, where)
    kinds = entry_kinds(exchange.model)
    groups = exchange.layers.layers.items()
    return tuple(label for label, keys in groups if any(kinds[key] is Kind.PARAMETER for key in keys))[-1:]


def trained_body(head: Sequence[str], exchange: Exchange, where: str) -> tuple[str, ...]:
    """The body, of a rule that trains it by itself.

    Args:
        head: Labels of the head.
        exchange: The round, for the layers.
        where: Which setting names the head, for the message.

    Returns:
        All other labels.

    Raises:
        InputError: There are none.
    """
    if not (body := without(head, exchange.layers)):
        got = f"all {len(exchange.layers)} layers in the head"
        raise InputError("a layer outside the head, to be trained", got, where, "write rule 'head' or 'none'")
    return body


def without(labels: Sequence[str], layers: LayerPartition) -> tuple[str, ...]:
    """All other layers.

    Args:
        labels: Those to leave out.
        layers: All layers.

    Returns:
        Labels, in the order of the layers.
    """
    return tuple(label for label in layers if label not in labels)


def _classes(module: nn.Module) -> set[str]:
    return {of_class.__name__ for of_class in type(module).__mro__}
