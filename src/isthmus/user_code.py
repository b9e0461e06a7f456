"""A function in a user's Python file: `path/to/file.py:function`."""

import ast
import hashlib
import importlib
import importlib.util
import itertools
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from isthmus.errors import InputError, UnknownNameError

MODULE_PREFIX = "isthmus_user_"
_imported_sources: dict[Path, bytes] = {}


def load_function(file: Path, function: str, where: str) -> Callable[..., Any]:
    """Run the user's file and return the function in it.

    The file runs as a module of its own, under a name made from its path and content. While it runs, its folder is on
    `sys.path`, so that it can import its neighbours; of a file in a package also the folder of the package, so that
    relative imports work.

    Args:
        file: A Python file.
        function: The function's name.
        where: What to call the two in messages.

    Returns:
        The function, not yet called.

    Raises:
        InputError: The file is not there, fails, or has no function; or a module of another folder stands in the way of
            one that it imports.
        UnknownNameError: It has no such function.
    """
    module = run_file(file, where)
    own = {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("__")}
    if function not in own:
        named = [key for key, value in own.items() if getattr(value, "__module__", None) == module.__name__]
        if not named:
            raise InputError(
                f"a function {function!r} in the file", "no function", where, "write it, or correct the path"
            )
        raise UnknownNameError(f"a function in {file.name}", function, named, where)
    return own[function]  # type: ignore[no-any-return]


def run_file(file: Path, where: str) -> ModuleType:
    """Run a Python file as a module, whose name tells its place and contents.

    Args:
        file: The file.
        where: What to call it in messages.

    Returns:
        The module, which `sys.modules` holds too.

    Raises:
        InputError: It is not there, or does not run.
    """
    if not file.is_file():
        raise InputError("a Python file", "nothing there", str(file), "correct the path")
    path, source = file.resolve(), file.read_bytes()
    _refresh_neighbours(path, where)
    module = ModuleType(f"{MODULE_PREFIX}{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}")
    module.__file__ = str(path)
    if package := _package(path):
        module.__package__ = package
    sys.modules[module.__name__] = module  # dataclasses and loader workers look their module up
    try:
        with explain_failures(path, where):
            exec(compile(source, path, "exec"), vars(module))
    except BaseException:
        del sys.modules[module.__name__]  # as an import that failed
        raise
    return module


def load_attribute(module: str, name: str, where: str) -> tuple[Any, Path]:
    """Import a module, from the working folder too, and return what has a name in it.

    Args:
        module: Such as "package.module".
        name: Of a function or a network.
        where: What to call the two in messages.

    Returns:
        What it names, and the module's file.

    Raises:
        InputError: There is no such module, or it fails.
        UnknownNameError: It has no such name.
    """
    with explain_failures(Path.cwd() / "module", where):
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise InputError(
                "a module that can be imported", f"none named {module}", where, "run it from its folder, or install it"
            )
        file = Path(spec.origin)
        with explain_failures(file, where):
            found = vars(importlib.import_module(module))
    if name not in found:
        named = [key for key, value in found.items() if callable(value) and not key.startswith("_")]
        raise UnknownNameError(f"a function in {module}", name, named, where)
    return found[name], file


def _package(file: Path) -> str:
    """The package that a file stands in: folders with `__init__.py`, and as many as its relative imports go up."""
    folder, names = file.resolve().parent, list[str]()
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return ""
    depth = max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)
    while folder.name.isidentifier() and (len(names) < depth or (folder / "__init__.py").is_file()):
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names)) if depth else ""


def _import_folders(file: Path) -> list[Path]:
    """What is on `sys.path` while a file runs: its folder, and the one that its package stands in."""
    folder, package = file.resolve().parent, _package(file) if file.is_file() else ""
    return [folder, folder.parents[package.count(".")]] if package else [folder]


def _refresh_neighbours(file: Path, where: str) -> None:
    """See to it that the file will import its neighbours as they are: what runs is what `source_identity` is of.

    A neighbour of its name that another file of the user's imported makes room; and if one of them was edited, all are
    imported anew, since they import one another.

    Raises:
        InputError: A module that is no such neighbour stands in the way.
    """
    neighbours, is_stale = imported_neighbours(file), False
    for name, path in neighbours.items():
        loaded = sys.modules.get(name)
        source = path.read_bytes()
        if loaded is not None:
            place = Path(getattr(loaded, "__file__", None) or "nowhere").resolve()
            is_another = place != path.resolve()
            if is_another and place not in _imported_sources:
                raise InputError(
                    f"one module named {name}: the one in {path}",
                    f"another that is imported already, {place}",
                    where,
                    "give one of them another name",
                )
            is_stale |= is_another or _imported_sources.get(path, source) != source
        _imported_sources[path] = source
    if is_stale:
        for name in neighbours:
            sys.modules.pop(name, None)  # whoever imported it keeps it


def user_file(module: str | None) -> Path | None:
    """The file that `load_function` ran as a module.

    Args:
        module: A module's name.

    Returns:
        None for other modules.
    """
    if module is None or not module.startswith(MODULE_PREFIX):
        return None
    return Path(str(sys.modules[module].__file__))


def source_identity(file: Path) -> str:
    """The hash of a Python file and of the files of the user's that it imports.

    Args:
        file: A Python file.

    Returns:
        SHA-256, hexadecimal: of the file's bytes where it imports none of its neighbours.
    """
    source = file.read_bytes()
    neighbours = imported_neighbours(file)
    digest = hashlib.sha256(source)
    for name, path in sorted(neighbours.items()):
        digest.update(f"\0{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


def imported_neighbours(file: Path) -> dict[str, Path]:
    """The modules beside a file, or in packages beside it, that it imports, and those that they import.

    Args:
        file: A Python file that runs with its folder on `sys.path`.

    Returns:
        Paths by name of the module, such as "blocks" or "nets.blocks", but for those of Python's own names. What code
        imports by other means than an import statement is not seen.
    """
    folders, found = _import_folders(file), dict[str, Path]()
    waiting = [(file, _package(file))]
    while waiting:
        path, package = waiting.pop()
        for name in _imported(path, package):
            parts = [] if name.partition(".")[0] in sys.stdlib_module_names else name.split(".")
            for folder, length in itertools.product(folders, range(1, len(parts) + 1)):
                place, module = folder.joinpath(*parts[:length]), ".".join(parts[:length])
                files = {place.with_suffix(".py"): parts[: length - 1], place / "__init__.py": parts[:length]}
                for candidate, inside in files.items():
                    if module not in found and candidate.is_file() and candidate != file.resolve():
                        found[module] = candidate
                        waiting.append((candidate, ".".join(inside)))
    return found


def _imported(file: Path, package: str) -> set[str]:
    """The names that a file's import statements may mean."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level and package else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}".strip(".") for alias in node.names} | ({base} if base else set())
    return found


@contextmanager
def explain_failures(file: Path, where: str) -> Iterator[None]:
    """Turn a failure of the user's code into a message that names its line; the file's folder is importable meanwhile.

    Args:
        file: The user's file.
        where: What to call it.

    Yields:
        Nothing.

    Raises:
        InputError: The code inside failed.
    """
    folders = list(map(str, _import_folders(file)))
    sys.path[:0] = folders
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
        for folder in folders:
            if folder in sys.path:  # the user's code may have removed it
                sys.path.remove(folder)
