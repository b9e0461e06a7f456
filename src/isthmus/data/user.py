"""Data that the user gives in Python: tensors, data sets, loaders, and functions in a file that return them."""

from pathlib import Path

from torch.utils.data import DataLoader, Dataset

from isthmus.data.dataset import examples_of_dataset, examples_of_loader
from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.trees import is_tree, tidy
from isthmus.user_code import explain_failures, load_function


def examples_of(data: object, name: str | None = None) -> Examples:
    """The examples in what the user gives; values are taken as they are and never changed.

    Args:
        data: Examples, a pair of tensors (inputs, targets), either perhaps a dict or tuple of tensors, a PyTorch
            Dataset or DataLoader.
        name: What to call them; None for the kind of thing they came in.

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
        return Examples(tidy(data[0]), tidy(data[1]), name or "tensors", "data")
    got = type(data).__name__
    if isinstance(data, tuple | list):
        got += f" of {', '.join(type(part).__name__ for part in data[:4]) or 'nothing'}"
    raise InputError(
        "a pair of tensors (inputs, targets), a torch Dataset, a DataLoader, or the name of data",
        got,
        name or "data",
        "give one of these; torch.from_numpy turns an array into a tensor",
    )


def load_function_examples(source: str, name: str) -> Examples:
    """What a function of the user's file returns.

    Args:
        source: `path/to/file.py:function`; the function takes no argument.
        name: What to call the examples.

    Returns:
        The examples in what it returns.

    Raises:
        InputError: If the file or the function fails, if there is no such function, or if what it returns is refused.
    """
    path, _, function = source.rpartition(":")
    data = load_function(Path(path), function, name)
    with explain_failures(Path(path), name):
        return examples_of(data(), name)
