"""A user's network: a function in a Python file, and the hash of the file's contents."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from torch import nn

from isthmus.errors import InputError
from isthmus.models.spec import ModelFunction, parse_model_spec
from isthmus.user_code import explain_failures, imported_neighbours, load_attribute, load_function, source_identity


def source_hash(spec: str) -> str | None:
    """SHA-256 of the user's file that a specification names, and of its neighbours that it imports.

    Arguments count. Of a module it is that of what was written: its code is read from the network that it gives.

    Args:
        spec: What `parse_model_spec` reads.

    Returns:
        The hexadecimal hash; None for a registered network, whose code is isthmus' own.

    Raises:
        InputError: If the specification is wrong or the file is not there.
    """
    parsed = parse_model_spec(spec)
    if not isinstance(parsed, ModelFunction):
        return None
    if parsed.path is None:
        return hashlib.sha256(spec.encode()).hexdigest()
    source = source_identity(_file(parsed.path))
    return hashlib.sha256(f"{source}{parsed.call}".encode()).hexdigest() if parsed.call else source


def known_modules(spec: str) -> Collection[str]:
    """The modules of the user's whose code is part of `source_hash`.

    Args:
        spec: What `parse_model_spec` reads.

    Returns:
        Their names; none for a registered network.
    """
    parsed = parse_model_spec(spec)
    if not isinstance(parsed, ModelFunction) or parsed.path is None:
        return ()
    return imported_neighbours(_file(parsed.path))


def load_user_model(spec: ModelFunction) -> nn.Module:
    """Call the user's function.

    Args:
        spec: Where it is, and its arguments.

    Returns:
        The network that the function returns, or that stands in its place.

    Raises:
        InputError: The file, module or function is not there, either of them fails, something else than a network comes
            back, or arguments are given to a network.
    """
    where = f"{spec.path or spec.module}:{spec.function}"
    if spec.path is None:
        found, file = load_attribute(spec.module, spec.function, where)
    else:
        found, file = load_function(spec.path, spec.function, where), spec.path
    if isinstance(found, nn.Module):
        if spec.call:
            raise InputError("a function, which takes arguments", "a network", where, "leave the arguments out")
        return found
    with explain_failures(file, where):
        model = found(*spec.arguments, **spec.keywords)
    if not isinstance(model, nn.Module):
        raise InputError("a torch.nn.Module from the function", type(model).__name__, where, "return the network")
    return model


def _file(path: Path) -> Path:
    if not path.is_file():
        raise InputError("a Python file", "nothing there", str(path), "correct the path of --model")
    return path
