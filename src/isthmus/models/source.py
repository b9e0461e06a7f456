"""A user's network: a function in a Python file, and the hash of the file's contents."""

from collections.abc import Collection
from pathlib import Path

from torch import nn

from isthmus.errors import InputError
from isthmus.models.spec import ModelFunction, parse_model_spec
from isthmus.user_code import explain_failures, imported_neighbours, load_function, source_identity


def source_hash(spec: str) -> str | None:
    """SHA-256 of the user's file that a specification names, and of its neighbours that it imports.

    Args:
        spec: What `parse_model_spec` reads.

    Returns:
        The hexadecimal hash; None for a registered network, whose code is isthmus' own.

    Raises:
        InputError: If the specification is wrong or the file is not there.
    """
    parsed = parse_model_spec(spec)
    return source_identity(_file(parsed)) if isinstance(parsed, ModelFunction) else None


def known_modules(spec: str) -> Collection[str]:
    """The modules of the user's whose code is part of `source_hash`.

    Args:
        spec: What `parse_model_spec` reads.

    Returns:
        Their names; none for a registered network.
    """
    parsed = parse_model_spec(spec)
    return imported_neighbours(_file(parsed)) if isinstance(parsed, ModelFunction) else ()


def load_user_model(spec: ModelFunction) -> nn.Module:
    """Call the user's function.

    Args:
        spec: The file and the function.

    Returns:
        The network that the function returns.

    Raises:
        InputError: If the file or the function is not there, either of them fails, or something else than a network
            comes back.
    """
    where = f"{spec.path}:{spec.function}"
    function = load_function(spec.path, spec.function, where)
    with explain_failures(spec.path, where):
        model = function()
    if not isinstance(model, nn.Module):
        raise InputError("a torch.nn.Module from the function", type(model).__name__, where, "return the network")
    return model


def _file(spec: ModelFunction) -> Path:
    if not spec.path.is_file():
        raise InputError("a Python file", "nothing there", str(spec.path), "correct the path of --model")
    return spec.path
