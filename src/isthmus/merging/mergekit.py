"""Recipes for mergekit: the same merge, written so that its own rule gives every tensor its weight."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import InputError
from isthmus.files import save_bytes
from isthmus.layers.partition import LayerPartition
from isthmus.weights.formats.stored_names import stored_names
from isthmus.weights.state import Kind

TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
Filters = list[tuple[str, float]]


@dataclass(frozen=True)
class Recipe:
    """Weights of tensors, as filters.

    Attributes:
        networks: Filters and fallback of each network's weights, the host's first.
        aliases: For every tensor, the names under which mergekit may know it -> what share of it is whose.
    """

    networks: tuple[tuple[Filters, float], ...]
    aliases: dict[tuple[str, ...], tuple[float, ...]]

    def shares(self, name: str) -> tuple[float, ...]:
        """What share of a tensor is whose, by mergekit's rule.

        Args:
            name: Of the tensor.

        Returns:
            The networks' weights over their sum.
        """
        weights = [resolved(*network, name) for network in self.networks]
        return tuple(weight / sum(weights) for weight in weights)


def resolved(filters: Filters, fallback: float, name: str) -> float:
    """The value that mergekit gives a tensor: that of the first filter that is part of its name.

    Args:
        filters: Texts and values, in order.
        fallback: The value of the last entry, which has no filter.
        name: Of the tensor.

    Returns:
        The value.

    Example:
        >>> resolved([("layer1.conv1.", 0.0), ("conv1.", 1.0)], 0.0, "conv1.weight")
        1.0
    """
    return next((value for text, value in filters if text in name), fallback)


def filters_of(values: Mapping[tuple[str, ...], float], layers: Iterable[str], fallback: float) -> Filters:
    """Filters that give every tensor its value: short ones where they serve, full names where they don't.

    First come ends of names, such as `num_batches_tracked`, all of whose tensors get the fallback; then texts of
    layers, the longest before those that are part of them. What is still wrong gets a filter of its module, then of
    its full name. A name's longest part is itself, so among filters in order of length every tensor that has its own
    finds that one first; and the search ends, at the latest with a filter for each.

    Args:
        values: For each tensor, all its names -> the value that it needs under each.
        layers: Texts to try, such as "conv1.".
        fallback: What tensors without a filter get.

    Returns:
        Texts and values, in order.

    Example:
        >>> filters_of({("conv1.weight",): 1.0, ("layer1.conv1.weight",): 0.0}, ["conv1."], 0.0)
        [('layer1.conv1.', 0.0), ('conv1.', 1.0)]
    """
    by_name = {name: value for names, value in values.items() for name in names}

    def values_with(text: str) -> set[float]:
        return {value for name, value in by_name.items() if text in name}

    def others(text: str) -> set[float]:
        return {v for name, v in by_name.items() if text in name and not any(end in name for end, _ in everywhere)}

    ends = sorted({name.rpartition(".")[2] for name in by_name})
    everywhere = [(end, fallback) for end in ends if values_with(end) == {fallback}]  # step counters, kept statistics
    chosen = {text: max(found) for text in layers if (found := values_with(text) - {fallback})}
    while True:
        filters = everywhere + sorted(chosen.items(), key=lambda item: (-len(item[0]), item[0]))
        wrong = [name for name, value in by_name.items() if resolved(filters, fallback, name) != value]
        if not wrong:
            needed = [end for end, _ in everywhere if any(end in n and t in n for n in by_name for t in chosen)]
            return [(text, value) for text, value in filters if text in chosen or text in needed]
        modules = {name: name.rpartition(".")[0] + "." for name in wrong}
        as_one = {text for text in set(modules.values()) - chosen.keys() if len(text) > 1 and len(others(text)) == 1}
        chosen |= {modules[name] if modules[name] in as_one else name: by_name[name] for name in wrong}


def recipe_of(
    shares: Mapping[str, Sequence[float]], layers: LayerPartition, kinds: Mapping[str, Kind], names: Iterable[str], *,
    keeps_statistics: bool = False, is_model: bool = False,
) -> Recipe:  # fmt: skip
    """A recipe for averaged layers.

    Args:
        shares: Of each averaged layer, the share of the host and of every donor; they add up to 1.
        layers: Keys of every layer.
        kinds: Of every key.
        names: The tensors as they are stored.
        keeps_statistics: Whether BatchNorm's running statistics stay the host's.
        is_model: Whether mergekit may drop the name of the model's body, such as "transformer.", from the names.

    Returns:
        Filters, proven for every name.

    Raises:
        InputError: A stored name is no key of the model.
    """
    blended = {Kind.PARAMETER, Kind.FLOAT_BUFFER} | (set() if keeps_statistics else {Kind.STATISTICS})
    of_key = {key: tuple(shares[label]) for label in shares for key in layers[label] if kinds[key] in blended}
    own = (1.0, *(0.0 for _ in next(iter(shares.values()), (1.0,))[1:]))
    keys = {key for label in layers for key in layers[label]}
    stored = list(names)
    body = _body(stored) if is_model else ""
    aliases: dict[tuple[str, ...], tuple[float, ...]] = {}
    for name in stored:
        key = _key_of(name, keys)
        short = name.removeprefix(body)
        aliases[(name, short) if body and short != name else (name,)] = of_key.get(key, own)
    texts = [f"{label}." if label not in keys else label for label in shares]
    texts = [text.removeprefix(body) for text in texts]
    is_mean = all(len(set(whose) - {0.0}) == 1 for whose in shares.values())
    recipe = Recipe(
        tuple(
            # One each: their mean is exact in any type, which 0.3 and 0.7 are not.
            (
                filters_of(
                    {n: float(w[number] > 0) if is_mean else w[number] for n, w in aliases.items()}, texts, rest
                ),
                rest,
            )
            for number, rest in enumerate(own)
        ),
        aliases,
    )
    assert all(
        max(abs(found - share) for found, share in zip(recipe.shares(name), whose, strict=True)) < 1e-12
        for names, whose in aliases.items()
        for name in names
    ), "every name has its weight"
    return recipe


def save_recipe(
    file: Path, shares: Mapping[str, Sequence[float]], layers: LayerPartition, kinds: Mapping[str, Kind],
    networks: Sequence[object], *, keeps_statistics: bool = False,
) -> None:  # fmt: skip
    """Write a recipe for `mergekit-pytorch` (files) or `mergekit-yaml` (folders of Hugging Face).

    Args:
        file: To make.
        shares: Of each averaged layer, the share of every network.
        layers: Keys of every layer.
        kinds: Of every key.
        networks: The host and the donors as they were given; those that share in no layer are left out.
        keeps_statistics: Whether BatchNorm's running statistics stay the host's.
    """
    refuse_no_recipe(networks)
    shared = [
        number for number in range(len(networks)) if not number or any(whose[number] for whose in shares.values())
    ]
    shares = {label: [whose[number] for number in shared] for label, whose in shares.items()}
    paths = [Path(given) for given in (networks[number] for number in shared) if isinstance(given, str | Path)]
    names = stored_names(paths[0])
    is_model = paths[0].is_dir()
    recipe = recipe_of(shares, layers, kinds, names, keeps_statistics=keeps_statistics, is_model=is_model)
    save_bytes(file, recipe_text(recipe, paths, list(names.values()), is_model=is_model).encode())


def refuse_no_recipe(networks: Sequence[object]) -> None:
    """Refuse networks that mergekit can't read, or reads under other names.

    Args:
        networks: The host and the donors as they were given.

    Raises:
        InputError: They are no safetensors files or folders, or hold tensors of different names.
    """
    paths = [Path(given) for given in networks if isinstance(given, str | Path) and Path(given).exists()]
    if len(paths) < len(networks):
        raise InputError("checkpoints on disk, for a recipe", "others", "--mergekit", "save all networks first")
    host, *others = (stored_names(path).keys() for path in paths)
    differing = sorted({name for other in others for name in host ^ other})
    if differing:
        raise InputError("tensors of the same names in all", differing[0], "--mergekit", "save all in one form")


def recipe_text(recipe: Recipe, paths: Sequence[Path], types: Sequence[str], *, is_model: bool) -> str:
    """A recipe as YAML.

    Args:
        recipe: The weights.
        paths: Of the networks.
        types: Of the tensors, as their files write them.
        is_model: Whether they are folders of Hugging Face.

    Returns:
        The file's text.
    """
    command = "mergekit-yaml" if is_model else "mergekit-pytorch"
    floating = [TYPES[kind] for kind in dict.fromkeys(types) if kind in TYPES]
    lines = [f"# {command} RECIPE OUT; mergekit 0.1.5 or later (0.1.4 takes a weight of 0 for a missing one)"]
    if any(kind not in TYPES for kind in types):
        lines.append("# Whole numbers (step counters) may come out as floats.")
    if len(floating) > 1:
        lines.append(f"# The networks hold {', '.join(floating)}; all come out as {max(floating)}.")
    lines += ["merge_method: linear", "models:"]
    for path, (filters, fallback) in zip(paths, recipe.networks, strict=True):
        lines += [f"  - model: {json.dumps(str(path))}", "    parameters:"]
        if not filters:
            lines.append(f"      weight: {fallback:g}")
            continue
        lines.append("      weight:")
        lines += [f"        - {{filter: {json.dumps(text)}, value: {value!r}}}" for text, value in filters]
        lines.append(f"        - {{value: {fallback!r}}}")
    wide = "float64" if "float64" in floating else "float32"
    lines.append(f"dtype: {wide}")
    if floating and floating != [wide]:
        lines.append(f"out_dtype: {max(floating)}")
    return "\n".join(lines) + "\n"


def _key_of(name: str, keys: set[str]) -> str:
    """The model's key of a stored name, which may have a wrapper's prefix before it."""
    rest = name
    while rest not in keys:
        _, dot, rest = rest.partition(".")
        if not dot:
            raise InputError("names of the model's tensors", name, "--mergekit", "save both networks under its keys")
    return rest


def _body(names: Sequence[str]) -> str:
    """The first part of most names, with its dot; "" where there is none."""
    firsts = [name.partition(".")[0] + "." for name in names]
    most = max(set(firsts), key=firsts.count)
    return most if 2 * firsts.count(most) > len(firsts) and not most[:-1].isdigit() else ""
