"""A function in a Python file of the user's own: `path/to/file.py:function`."""

import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from isthmus.errors import InputError, UnknownNameError


def load_function(file: Path, function: str, where: str) -> Callable[..., Any]:
    """Run the user's file and return the function in it.

    The file runs as a module of its own, under a name made from its path and content. While it runs, its folder is on
    `sys.path`, so that it can import its neighbours.

    Args:
        file: A Python file.
        function: The function's name.
        where: What to call the two in messages.

    Returns:
        The function, not yet called.

    Raises:
        InputError: The file is not there, fails, or has no function.
        UnknownNameError: It has no such function.
    """
    if not file.is_file():
        raise InputError("a Python file", "nothing there", str(file), "correct the path")
    path, source = file.resolve(), file.read_bytes()
    module = ModuleType(f"isthmus_user_{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and loader workers look their module up
    with named_failures(path, where):
        exec(compile(source, path, "exec"), vars(module))
    own = {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("__")}
    if function not in own:
        named = [key for key, value in own.items() if getattr(value, "__module__", None) == module.__name__]
        if not named:
            raise InputError(
                f"a function {function!r} in the file", "no function", where, "write it, or correct the path"
            )
        raise UnknownNameError(f"a function in {file.name}", function, named, where)
    return own[function]  # type: ignore[no-any-return]


@contextmanager
def named_failures(file: Path, where: str) -> Iterator[None]:
    """Turn a failure of the user's code into a message that names its line; the file's folder is importable meanwhile.

    Args:
        file: The user's file.
        where: What to call it.

    Yields:
        Nothing.

    Raises:
        InputError: The code inside failed.
    """
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(file.resolve())]
        place = f" (line {lines[-1]})" if lines else ""
        got = f"{type(error).__name__}: {error}{place}"
        raise InputError("a file and a function that run", got, where, "correct it there") from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
