"""beartype for every room, with the names that modules import for their annotations alone (`if TYPE_CHECKING`).

Modules keep xarray and matplotlib away until they are needed, and name their types in quotes; beartype would look for
these names in the module and not find them. They are put into the annotations here: what belongs to others is imported,
what is ours is named by its full path, which beartype follows at the first call.
"""

import ast
import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, ForwardRef, TypeVar

from beartype import BeartypeConf, beartype
from pydantic import ValidationInfo

Thing = TypeVar("Thing", bound=Callable[..., Any])
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # as for mypy, an int is a float
NOT_ASKED = {ValidationInfo: Any}  # a protocol that `isinstance` refuses: pydantic itself says what it hands over


def annotations_checked(thing: Thing) -> Thing:
    """The function or class with its arguments and results checked at every call."""
    if (
        "<locals>" in thing.__qualname__
    ):  # made anew at every call of the function about it, and checking takes long to make
        return thing
    hints = {} if isinstance(thing, type) else getattr(thing, "__annotations__", {})
    for name, hint in hints.items():
        known = _evaluated(hint, thing.__module__) if isinstance(hint, str) else hint
        hints[name] = NOT_ASKED.get(known, known) if isinstance(known, type) else known
    return checked(thing)


def _evaluated(hint: str, module: str) -> Any:
    names = {**_names_for_annotations(module), **vars(sys.modules[module])}
    try:
        return eval(hint, names)
    except NameError:  # a class of the module itself, further down
        return hint


@cache
def _names_for_annotations(module: str) -> dict[str, Any]:
    blocks = [
        node
        for node in ast.parse(inspect.getsource(sys.modules[module])).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    names: dict[str, Any] = {}
    for node in (node for block in blocks for node in block.body):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else []:
            name = alias.asname or alias.name
            if isinstance(node, ast.Import):
                names[name] = import_module(alias.name)
            elif str(node.module).startswith("isthmus."):
                names[name] = ForwardRef(f"{node.module}.{alias.name}")
            else:
                names[name] = getattr(import_module(str(node.module)), alias.name)
    return names
