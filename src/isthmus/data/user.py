"""Data that the user gives in Python: tensors, data sets, loaders, and functions in a file that return them."""

from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

from isthmus.data.dataset import examples_of_dataset, examples_of_loader
from isthmus.data.examples import Examples
from isthmus.data.images.bytes import scaled_images
from isthmus.data.tables.rows import examples_of_table
from isthmus.errors import InputError, short_list
from isthmus.trees import is_tree, tidy
from isthmus.user_code import explain_failures, load_function


def examples_of(data: object, name: str | None = None, tokenizer: str | None = None) -> Examples:
    """The examples in what the user gives; values are taken as they are and never changed.

    Args:
        data: Examples, a pair of tensors (inputs, targets), either perhaps a dict or tuple of tensors, a PyTorch
            Dataset or DataLoader, a `datasets.Dataset`.
        name: What to call them; None for the kind of thing they came in.
        tokenizer: For a `datasets.Dataset` of texts.

    Returns:
        The examples; a pair of tensors is not copied.

    Raises:
        InputError: If it is none of these, or if what it holds is refused.
    """
    if isinstance(data, Examples):
        return data
    if isinstance(data, DataLoader):
        return examples_of_loader(data, name or "DataLoader")
    if isinstance(data, Dataset):
        return examples_of_dataset(data, name or type(data).__name__)
    if isinstance(data, tuple | list) and len(data) == 2 and all(is_tree(part) for part in data):
        return scaled_images(Examples(tidy(data[0]), tidy(data[1]), name or "tensors", "data"))
    if hasattr(data, "with_format") and hasattr(data, "column_names"):
        return _examples_of_rows(data, name or type(data).__name__, tokenizer)
    got = type(data).__name__
    if isinstance(data, tuple | list):
        got += f" of {', '.join(type(part).__name__ for part in data[:4]) or 'nothing'}"
    raise InputError(
        "a pair of tensors (inputs, targets), a torch Dataset, a DataLoader, or the name of data",
        got,
        name or "data",
        "give one of these; torch.from_numpy turns an array into a tensor",
    )


def _examples_of_rows(data: Any, name: str, tokenizer: str | None) -> Examples:
    """A `datasets.Dataset`: the table that it holds, or its items where it makes something else of its rows."""
    if not isinstance(data.column_names, list):
        got = f"one of splits: {short_list(data.column_names)}"
        raise InputError("a data set of one split", got, name, "choose one: data['test']")
    form = getattr(data, "format", None) or {}
    if form.get("type") == "custom":
        return examples_of_dataset(data, name)
    split = str(getattr(data, "split", None) or "data")
    chosen = None if form.get("output_all_columns") else form.get("columns")
    return examples_of_table(data.with_format("arrow", columns=chosen)[:], name, split, {}, tokenizer)


def load_function_examples(source: str, name: str, tokenizer: str | None = None) -> Examples:
    """What a function of the user's file returns.

    Args:
        source: `path/to/file.py:function`; the function takes no argument.
        name: What to call the examples.
        tokenizer: For a `datasets.Dataset` of texts.

    Returns:
        The examples in what it returns.

    Raises:
        InputError: If the file or the function fails, if there is no such function, or if what it returns is refused.
    """
    path, _, function = source.rpartition(":")
    data = load_function(Path(path), function, name)
    with explain_failures(Path(path), name):
        return examples_of(data(), name, tokenizer)
