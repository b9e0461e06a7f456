"""What the user gives in Python: tensors, data sets, loaders, and functions in a file that return them."""

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from isthmus.data.dataset import examples_of_dataset, examples_of_loader
from isthmus.data.examples import Examples
from isthmus.errors import InputError, UnknownNameError


def examples_of(data: object, name: str | None = None) -> Examples:
    """The examples in what the user gives; values are taken as they are and never changed.

    Args:
        data: Examples, a pair of tensors (inputs, targets), a PyTorch Dataset or DataLoader.
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
    if isinstance(data, tuple | list) and len(data) == 2 and all(isinstance(part, Tensor) for part in data):
        return Examples(data[0], data[1], name or "tensors", "data")
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

    The file is run as Python would run it from its own folder, so that it can import its neighbours.

    Args:
        source: `path/to/file.py:function`; the function takes no argument.
        name: What to call the examples.

    Returns:
        The examples in what it returns.

    Raises:
        InputError: If the file or the function fails, if there is no such function, or if what it returns is refused.
        UnknownNameError: If the file has no such function.
    """
    path, _, function = source.rpartition(":")
    file = Path(path).resolve()
    sys.path.insert(0, str(file.parent))
    try:
        known = _load_functions(file)
        if function not in known:
            raise UnknownNameError("a function", function, known, file.name)
        return examples_of(known[function](), name)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(file)]
        got = f"{type(error).__name__}: {error}" + (f" (line {lines[-1]})" if lines else "")
        raise InputError("a file and a function that run", got, name, "correct it there") from error
    finally:
        if str(file.parent) in sys.path:
            sys.path.remove(str(file.parent))


def _load_functions(file: Path) -> dict[str, Callable[[], object]]:
    code = file.read_bytes()
    module = ModuleType(f"isthmus_user_data_{sha256(str(file).encode() + code).hexdigest()[:16]}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # pickling what the file defines, as loader workers do, looks here
    exec(compile(code, file, "exec"), vars(module))
    return {name: value for name, value in vars(module).items() if callable(value) and not name.startswith("__")}
