"""A network of the user's own: a function in a Python file, and the hash of what the file says."""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn

from isthmus.errors import InputError, listed
from isthmus.models.spec import ModelFunction, parsed_model_spec


def source_hash(spec: str) -> str | None:
    """SHA-256 of the user's file that a specification names: part of what a measurement is of.

    Args:
        spec: What `parsed_model_spec` reads.

    Returns:
        The hexadecimal hash of the file's bytes (not of what it imports); None for a registered network, whose code
        is isthmus' own.

    Raises:
        InputError: If the specification is wrong or the file is not there.
    """
    parsed = parsed_model_spec(spec)
    return hashlib.sha256(_source(parsed)).hexdigest() if isinstance(parsed, ModelFunction) else None


def load_user_model(spec: ModelFunction) -> nn.Module:
    """Run the user's file and call the function in it.

    The file runs as a module of its own, under a name made from its path and content. While it runs, its folder is on
    `sys.path`, so that it can import its neighbours.

    Args:
        spec: The file and the function.

    Returns:
        The network that the function returns.

    Raises:
        InputError: If the file or the function is not there, either of them fails, or something else than a network
            comes back.
    """
    where = f"{spec.path}:{spec.function}"
    source = _source(spec)
    path = spec.path.resolve()
    name = f"isthmus_user_{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    assert module_spec is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(module_spec)
    with _named_failures(path, where), _importable(path.parent):
        sys.modules[name] = module  # dataclasses look their module up while it runs
        try:
            exec(compile(source, path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        function = getattr(module, spec.function, None)
        model = function() if callable(function) else None
    if not callable(function):
        functions = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == name]
        raise InputError(
            f"a function {spec.function!r} in the file", listed(functions), where, "correct its name, or write it"
        )
    if not isinstance(model, nn.Module):
        raise InputError("a torch.nn.Module from the function", type(model).__name__, where, "return the network")
    return model


def _source(spec: ModelFunction) -> bytes:
    if not spec.path.is_file():
        raise InputError("a Python file", "nothing there", str(spec.path), "correct the path of --model")
    return spec.path.read_bytes()


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


@contextmanager
def _named_failures(path: Path, where: str) -> Iterator[None]:
    try:
        yield
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        place = f" (line {lines[-1]})" if lines else ""
        raise InputError(
            "a file and a function that run", f"{type(error).__name__}: {error}{place}", where, "correct it there"
        ) from error
