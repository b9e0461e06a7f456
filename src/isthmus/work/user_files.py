"""Files of the user's code that one process ran, for another that takes functions from them."""

import sys
from collections.abc import Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from isthmus.errors import InputError
from isthmus.user_code import run_file, user_file


def files_run() -> dict[str, str]:
    """The user's files that were run in this process.

    Returns:
        The name of the module that each became -> the file.
    """
    found = {name: user_file(name) for name in list(sys.modules)}
    return {name: str(file) for name, file in found.items() if file is not None}


class _FilesOfAnother(MetaPathFinder, Loader):
    """Imports the user's files that another process ran, under the names that they have there."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in self.files else None

    def exec_module(self, module: ModuleType) -> None:
        file, name = self.files[module.__name__], module.__name__
        # Puts the module that it makes into the place of this one.
        if run_file(Path(file), file).__name__ != name:
            raise InputError(
                "the file as it is on the machine that asked", "another one", file, "have the same on every machine"
            )


_of_another = _FilesOfAnother()


def run_again(files: Mapping[str, str]) -> None:
    """Run the user's files that another process ran, each when something of it is first needed.

    What another process ran for other work, and what was changed or failed there since, is no matter. Importing a file
    that is not there on this machine, or is another one, raises an `InputError`.

    Args:
        files: From `files_run` there.
    """
    _of_another.files |= files
    if _of_another not in sys.meta_path:
        sys.meta_path.append(_of_another)
