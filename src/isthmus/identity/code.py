"""The code that runs when a user's function is called, and where the user's code ends."""

import dis
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

NAMED = frozenset({"isthmus", "torch", "numpy"})
"""Packages whose code is told by name wherever they lie."""
HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made while Python ran
_PLACES = [Path(path) for name, path in sysconfig.get_paths().items() if name.endswith("lib")]
_INSTALLED = tuple({f"{place}{os.sep}" for path in _PLACES for place in (path, path.resolve())})
_CONTENTS = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_names", "co_freevars")


def is_installed(module: str) -> bool:
    """Whether a module is not the user's own code: Python's, or installed.

    Args:
        module: Its name.

    Returns:
        False for scripts, notebooks and files that lie elsewhere.
    """
    root = module.partition(".")[0]
    if root in NAMED or (root in sys.stdlib_module_names and root != "__main__"):
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and is_installed_file(file)


def is_installed_class(kind: type) -> bool:
    """Whether a class is not the user's own code.

    Args:
        kind: A class.

    Returns:
        False for one that code without a module's name defined, which Python takes for a builtin.
    """
    return is_installed(kind.__module__) and not (kind.__module__ == "builtins" and kind.__flags__ & HEAP_TYPE)


def is_installed_file(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package.

    Args:
        file: Its path, or what Python writes for code without one, such as "<stdin>".

    Returns:
        False for code without a file, but for Python's own.
    """
    packages = {"site-packages", "dist-packages"}
    return file.startswith(("<frozen", *_INSTALLED)) or not packages.isdisjoint(Path(file).parts)


def is_own_function(function: FunctionType) -> bool:
    """Whether a function is the user's: also one that a decorator of an installed package stands before."""
    root = (function.__module__ or "").partition(".")[0]
    return root not in NAMED and not is_installed_file(function.__code__.co_filename)


def code_text(code: CodeType) -> str:
    """What a piece of code does: its instructions and what they name, without its file, its lines and its comments.

    Args:
        code: Of a function; functions and classes within it count.

    Returns:
        A text that other instructions or constants change. Python's minor version changes it too.
    """
    constants = [code_text(each) if isinstance(each, CodeType) else _constant_text(each) for each in code.co_consts]
    contents = [getattr(code, name) for name in _CONTENTS]
    # Names of arguments can be passed by keyword; those of other local variables change nothing.
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return repr([code.co_code.hex(), constants, contents, arguments])


def global_names(code: CodeType) -> list[str]:
    """The global names that a piece of code reads.

    Args:
        code: Of a function; what is within it counts.

    Returns:
        Sorted names, also of builtins.
    """
    found = {
        str(step.argval)
        for part in _parts(code)
        for step in dis.get_instructions(part)
        if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}
    }
    return sorted(found)


def names_in(code: CodeType) -> set[str]:
    """All names in a piece of code, those of attributes among them.

    Args:
        code: Of a function; what is within it counts.

    Returns:
        Names.
    """
    return {name for part in _parts(code) for name in part.co_names}


def _parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _constant_text(constant: object) -> str:
    """Type and value of a constant; a set's values in an order that no run of Python changes."""
    # The order of a set differs from process to process. The type tells 1 from 1.0 and from True.
    value = repr(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)
    return f"{type(constant).__name__} {value}"
