"""Rules that make a layer partition of a network: by module, tensor, block, module type or pattern."""

import fnmatch
from collections.abc import Callable, Sequence

from torch import nn

from isthmus.errors import InputError, UnknownNameError
from isthmus.layers.labels import own_labels, with_commas
from isthmus.layers.order import FirstUse
from isthmus.layers.partition import LayerPartition
from isthmus.weights.parametrisation import effective_weights, spectral_norms
from isthmus.weights.state import Kind, entry_kinds, is_blendable, tensors_of, tied_keys

Labelling = Callable[[str], str]
RULES = ("module", "tensor", "block", "type", "pattern:GLOB,...")


def layer_partition(rule: str | LayerPartition, model: nn.Module, use: FirstUse | None = None) -> LayerPartition:
    """The layers of a model under a rule, in the order of first use.

    - `module`: the entries of one module are a layer, labelled by its path; an entry of the root module is a layer of
      its own.
    - `tensor`: every floating-point entry is a layer; a module's integers go with its first one.
    - `block`: the items of the outermost `Sequential`s and `ModuleList`s with several children; all else by module.
    - `type`: all modules of one class are a layer, labelled by the class's name.
    - `pattern:GLOB,...`: the modules whose path matches a shell pattern are a layer labelled by it; the first that
      matches counts; all else by module.

    What a module holds itself beside layers of its children is labelled `path (own)`.

    Tied tensors always stand in one layer, labelled by the module used first. A group without parameters (a module that
    holds a mask, statistics or a counter alone; under `tensor` integers alone) is no layer: its entries go with the
    layer used just before it, or else with the first one. Patterns are layers whatever they match.

    Args:
        rule: One of the above, or a partition, which is checked and put in order.
        model: The network.
        use: From `isthmus.layers.order.first_use`; without it the order of registration serves.

    Returns:
        A partition of all keys of the model's state dict.

    Raises:
        InputError: The rule is not known, a pattern matches nothing, or a given partition does not fit.
    """
    keys = tuple(tensors_of(model))
    # A blend gets new vectors for the whole of a spectral norm, so its entries stand in one layer.
    tied = [*tied_keys(model), *(norm.keys for norm in spectral_norms(model))]
    if isinstance(rule, LayerPartition):
        rule.check_covers(keys, tied)
        return _in_order(rule, use)
    groups: dict[str, list[str]] = {}
    label = _labelling(rule, model)
    for key in keys:
        groups.setdefault(label(key), []).append(key)
    groups = _with_buffers(_with_ties(groups, tied, use), _movable(rule, model), keys, use)
    called, given = own_labels(groups), _patterns(rule)
    groups = {label if label in given else called[label]: own for label, own in groups.items()}
    return _in_order(LayerPartition(groups, rule), use)


def _labelling(rule: str, model: nn.Module) -> Labelling:
    name, _, argument = rule.partition(":")
    if name == "pattern" and argument:
        return _pattern_labels(argument.split(","), model)
    if rule not in RULES:
        raise UnknownNameError("a rule for layers", rule, RULES, "--layers")
    return {"module": _module_labels, "tensor": _tensor_labels, "block": _block_labels, "type": _type_labels}[rule](
        model
    )


def key_owners(model: nn.Module) -> dict[str, str]:
    """The module that each entry belongs to.

    Args:
        model: The network; it is not run.

    Returns:
        Key -> the path of the module whose entry it is; of the part of a weight, of the module that uses it.
    """
    effective = effective_weights(model)
    return {key: effective.get(key, key).rpartition(".")[0] for key in tensors_of(model)}


def _modules(model: nn.Module) -> dict[str, nn.Module]:
    return dict(model.named_modules(remove_duplicate=False))


def _module_labels(model: nn.Module) -> Labelling:
    owners, effective = key_owners(model), effective_weights(model)
    return lambda key: owners[key] or effective.get(key, key)


def _tensor_labels(model: nn.Module) -> Labelling:
    owners, tensors = key_owners(model), tensors_of(model)
    first: dict[str, str] = {}
    for key, tensor in tensors.items():
        if is_blendable(tensor):
            first.setdefault(owners[key], key)
    return lambda key: key if is_blendable(tensors[key]) else first.get(owners[key], key)


def _block_labels(model: nn.Module) -> Labelling:
    blocks: list[str] = []

    def visit(module: nn.Module, path: str) -> None:
        # A container of one child only wraps: its blocks lie deeper.
        is_row = isinstance(module, nn.Sequential | nn.ModuleList) and len(module) > 1
        for name, child in module.named_children():
            below = f"{path}.{name}" if path else name
            if is_row:
                blocks.append(below)
            else:
                visit(child, below)

    visit(model, "")
    by_module = _module_labels(model)
    return lambda key: next((path for path in blocks if key.startswith(f"{path}.")), None) or by_module(key)


def _type_labels(model: nn.Module) -> Labelling:
    modules, owners, by_module = _modules(model), key_owners(model), _module_labels(model)
    return lambda key: type(modules[owners[key]]).__name__ if owners[key] else by_module(key)


def _pattern_labels(patterns: Sequence[str], model: nn.Module) -> Labelling:
    by_module = _module_labels(model)
    owners = {by_module(key) for key in tensors_of(model)}
    patterns = with_commas(patterns, owners)
    for pattern in patterns:
        if pattern not in owners and not fnmatch.filter(owners, pattern):
            raise InputError(
                "patterns that match the path of a module",
                f"{pattern!r}, which matches none",
                "--layers",
                "isthmus inspect lists the paths; 'layer1.*' is all of layer1",
            )

    def label(key: str) -> str:
        path = by_module(key)
        # A pattern that is itself the path of a module, brackets and all, means this module.
        matching = (p for p in patterns if (path == p if p in owners else fnmatch.fnmatchcase(path, p)))
        return next(matching, path)

    return label


def _with_ties(
    groups: dict[str, list[str]], tied: Sequence[tuple[str, ...]], use: FirstUse | None
) -> dict[str, list[str]]:
    """Merge the layers that share a tensor, under the label of the one whose module is called first."""
    called = {path: place for place, path in enumerate(use.modules)} if use else {}
    for group in tied:
        torn = [label for label, keys in groups.items() if set(keys) & set(group)]
        if len(torn) > 1:
            label = min(torn, key=lambda name: called.get(name, len(called)))
            merged = [key for name in torn for key in groups[name]]
            groups = {
                name: merged if name == label else keys
                for name, keys in groups.items()
                if name == label or name not in torn
            }
    return groups


def _movable(rule: str, model: nn.Module) -> Callable[[str, Sequence[str]], bool]:
    """Whether a group, of a label and keys, is a layer by itself."""
    parameters = {key for key, kind in entry_kinds(model).items() if kind is Kind.PARAMETER}
    numbers = {key for key, tensor in tensors_of(model).items() if is_blendable(tensor)}
    given = _patterns(rule)
    counted = numbers if rule == "tensor" else parameters & numbers
    return lambda label, keys: label in given or not counted.isdisjoint(keys)


def _patterns(rule: str) -> set[str]:
    return set(rule.partition(":")[2].split(",")) if rule.startswith("pattern:") else set()


def _with_buffers(
    groups: dict[str, list[str]],
    is_layer: Callable[[str, Sequence[str]], bool],
    keys: Sequence[str],
    use: FirstUse | None,
) -> dict[str, list[str]]:
    """Send every group that is no layer with the layer used just before it, or else with the first used after it."""
    # What the forward pass does not use is placed by the order of registration.
    layers = {label: list(own) for label, own in groups.items() if is_layer(label, own)}
    if not layers:
        return groups
    owner = {key: label for label, own in layers.items() for key in own}
    orders = [use.keys if use else (), keys]
    for label, own in groups.items():
        if label not in layers:
            order = next(order for order in orders if not set(own).isdisjoint(order))
            place = min(order.index(key) for key in own if key in order)
            # Backwards first: statistics were measured on what the layer before them returns.
            around = (*reversed(order[:place]), *order[place:], *keys)
            layers[next(owner[key] for key in around if key in owner)] += own
    return layers


def _in_order(partition: LayerPartition, use: FirstUse | None) -> LayerPartition:
    if use is None:
        return partition
    place = {key: number for number, key in enumerate(use.keys)}
    first = {label: min(place.get(key, len(place)) for key in keys) for label, keys in partition.layers.items()}
    # The sort is stable, so what is never used keeps its order of registration at the end.
    return partition.ordered(sorted(partition, key=first.__getitem__))
