"""Examples from whatever the user names or gives."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from isthmus.data.arrays import load_arrays
from isthmus.data.clients.dealing import client_indices
from isthmus.data.clients.shift import shifted
from isthmus.data.clients.writers import load_writers
from isthmus.data.digits import load_digits_split
from isthmus.data.examples import Examples
from isthmus.data.images.images import KNOWN_LABELS, load_known_images, load_own_images
from isthmus.data.images.normalizations import known_normalization
from isthmus.data.images.parquet import holds_images
from isthmus.data.shipped import load_shipped
from isthmus.data.spec import DataSpec, parse_data_spec, slice_bounds
from isthmus.data.tables.files import found_files, load_table
from isthmus.data.tables.rows import examples_of_table
from isthmus.data.text import load_windows, shown_text_options
from isthmus.data.user import examples_of, load_function_examples
from isthmus.errors import InputError
from isthmus.files import unchanged
from isthmus.hugging_face import hugging_face_source
from isthmus.trees import is_tree

TABLE_ALONE = {"text", "pair", "target", "names", "tokenizer", "length"}
"""Options that tables of images alone don't have."""


def load_examples(data: object, *, data_root: Path | None = None, tokenizer: str | None = None) -> Examples:
    """The examples that the user names or gives.

    Args:
        data: A name such as "cifar10:test[0:512]" or a path (the grammar of `parse_data_spec`), a pair of tensors
            (inputs, targets), a PyTorch Dataset or DataLoader, or Examples.
        data_root: The folder that holds the known sets; None for ISTHMUS_DATA or the user's cache.
        tokenizer: For text that names no tokenizer: that of a Hugging Face folder or id; None for characters.

    Returns:
        The examples in their fixed order. Named images come as bytes with their normalisation; what is given
        directly is taken as it is.

    Raises:
        InputError: If the name is wrong, the data is absent or damaged, or its values or order change from one
            reading to the next.

    Example:
        >>> len(load_examples("digits:test"))
        500
    """
    if isinstance(data, str | Path):
        return _load_named(parse_data_spec(str(data)), data_root, tokenizer)
    return examples_of(data, tokenizer=tokenizer)


def load_splits(data: object, *, data_root: Path | None = None, tokenizer: str | None = None) -> dict[str, Examples]:
    """The examples of one or several splits, by name.

    Args:
        data: A mapping of split names to anything `load_examples` takes; a list of such things; or one of them.
        data_root: As in `load_examples`.
        tokenizer: As in `load_examples`.

    Returns:
        A mapping keeps its names and its order. Otherwise the names are the splits, and where two are of one split
        the names of the examples.

    Raises:
        InputError: If there is nothing, or the same twice.
    """
    if isinstance(data, Mapping):
        named = {
            str(name): load_examples(part, data_root=data_root, tokenizer=tokenizer) for name, part in data.items()
        }
        return {name: _of_split(examples, name) for name, examples in _refuse_none(named).items()}
    if not isinstance(data, list | tuple) or _is_pair(data):
        data = [data]
    parts = [load_examples(part, data_root=data_root, tokenizer=tokenizer) for part in data]
    splits = [part.split for part in parts]
    named = {}
    for part in parts:
        name = part.split if splits.count(part.split) == 1 else _free_name(part, named)
        named[name] = part
    return _refuse_none(named)


def _load_named(spec: DataSpec, data_root: Path | None, tokenizer: str | None) -> Examples:
    with unchanged(_files_of(spec)):
        return _loaded(spec, data_root, tokenizer)


def _files_of(spec: DataSpec) -> list[Path]:
    """The user's files that a name stands for."""
    path = Path(spec.source)
    if spec.form in {"known", "function"}:
        return []
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _loaded(spec: DataSpec, data_root: Path | None, tokenizer: str | None) -> Examples:
    if spec.form == "table":
        examples = _load_table(spec, tokenizer)
    elif spec.source in KNOWN_LABELS:
        examples = load_known_images(spec, data_root)
    else:
        examples = _load_whole(spec, data_root, tokenizer)
        if (spec.start, spec.stop) != (None, None):
            examples = examples.take(slice(spec.start, spec.stop))
    examples = _of_client(examples, spec, data_root)
    shown = dict(spec.options)
    if spec.form == "text":
        shown = shown_text_options(spec, tokenizer)
    elif "tokenizer" in shown:
        shown["tokenizer"] = hugging_face_source(shown["tokenizer"], "data").name
    options = ",".join(f"{name}={value}" for name, value in sorted(shown.items()))
    return replace(examples, name=f"{examples.name}:{options}") if options else examples


def _load_table(spec: DataSpec, tokenizer: str | None) -> Examples:
    files = found_files(spec)
    if holds_images(files.paths[0]) and not TABLE_ALONE & set(spec.options):
        return load_own_images(files, spec)
    texts = tuple(spec.options[option] for option in ("text", "pair", "target") if option in spec.options)
    table, name = load_table(files, texts), files.name
    if (spec.start, spec.stop) != (None, None):
        start, stop = slice_bounds(spec.start, spec.stop, table.num_rows, name)
        table, name = table.slice(start, stop - start), f"{name}[{start}:{stop}]"
    return examples_of_table(table, name, files.split, spec.options, tokenizer)


def _of_client(examples: Examples, spec: DataSpec, data_root: Path | None) -> Examples:
    client = spec.client
    if client is None:
        return examples
    natural = client.partition.rule == "natural"
    labels = load_writers(examples, spec, data_root).numbers if natural else examples.class_numbers
    indices = client_indices(client, labels, len(examples), examples.name)
    return replace(shifted(examples.take(torch.from_numpy(indices)), client), name=examples.name)


def _load_whole(spec: DataSpec, data_root: Path | None, tokenizer: str | None) -> Examples:
    if spec.form == "text":
        return load_windows(spec, data_root, tokenizer)
    split = spec.split or "test"
    if spec.form == "arrays":
        return load_arrays(Path(spec.source), spec.options)
    if spec.form == "function":
        return load_function_examples(spec.source, spec.short_source, tokenizer)
    normalization = known_normalization(spec.source, spec.options)
    if spec.source == "digits":
        return load_digits_split(split, normalization)
    return load_shipped(spec.source, split, normalization)


def _is_pair(data: list[object] | tuple[object, ...]) -> bool:
    if len(data) != 2 or isinstance(data[0], str | Path):
        return False
    return all(isinstance(part, Tensor | np.ndarray | Mapping) or is_tree(part) for part in data)


def _of_split(examples: Examples, name: str) -> Examples:
    return replace(examples, split=name) if examples.split == "data" != name else examples


def _free_name(part: Examples, taken: Mapping[str, Examples]) -> str:
    name, number = part.name, 1
    while name in taken:
        if taken[name].content_hash == part.content_hash:
            raise InputError("each data set once", f"{part.name} twice", "data", "leave the repetition out")
        number += 1
        name = f"{part.name}#{number}"
    return name


def _refuse_none(named: dict[str, Examples]) -> dict[str, Examples]:
    if not named:
        raise InputError("at least one split", "none", "data", "name data such as digits:test")
    return named
