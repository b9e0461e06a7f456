"""Objects of foreign classes in torch files, read as things that do nothing, so that weights beside them can be read.

A trainer stores its settings with the weights: a Namespace, paths, numpy's numbers. `torch.load(weights_only=True)`
refuses such a file. Here each class is replaced by an empty one of ours before the file is read, still with
`weights_only=True`: no line of the class's code, or of the file's, runs, and what the object held is dropped.
"""

import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

WITH_WEIGHTS = ("torch.nn.", "torch.jit.", "torch.fx.")
"""Where classes begin whose objects hold the weights themselves: without these objects there is nothing to read."""

UNKNOWN_CLASS = re.compile(r"GLOBAL ([\w.<>]+)")
WRONG_KIND = re.compile(r"(?:SETITEMS?|append|extend).*<class '[\w.]*?(Inert\d+)'>")


class Inert:
    """Takes whatever it is made of, and drops it."""

    def __new__(cls, *_: Any) -> "Inert":
        """An empty object."""
        return object.__new__(cls)

    def __init__(self, *_: Any) -> None:
        """Nothing."""

    def __setstate__(self, _: Any) -> None:
        """Nothing."""


class InertMapping:
    """Makes a plain mapping, whatever it is given."""

    def __new__(cls, *_: Any) -> OrderedDict[Any, Any]:  # type: ignore[misc]
        """An empty mapping."""
        return OrderedDict()


class InertList:
    """Makes a plain list, whatever it is given."""

    def __new__(cls, *_: Any) -> list[Any]:  # type: ignore[misc]
        """An empty list."""
        return []


def inert_contents(path: Path, classes: Collection[str]) -> tuple[object, tuple[str, ...]]:
    """The contents of a torch file with objects of foreign classes replaced.

    Args:
        path: A file of `torch.save`.
        classes: Full names of those that are known beforehand; of old formats none are.

    Returns:
        The contents, in which kinds of mappings and lists are plain ones, and the names of all classes.

    Raises:
        pickle.UnpicklingError: It can't be read so: a class holds the weights, or torch refuses it whatever one says.
    """
    stand_ins = {name: _stand_in(number) for number, name in enumerate(classes)}
    while True:
        if any(name.startswith(WITH_WEIGHTS) for name in stand_ins):
            raise pickle.UnpicklingError("its objects hold the weights")
        allowed = torch.serialization.safe_globals([(kind, name) for name, kind in stand_ins.items()])
        with warnings.catch_warnings(), allowed:
            warnings.simplefilter("ignore")  # torch warns of pickles of another protocol before it refuses them
            try:
                return torch.load(path, map_location="cpu", weights_only=True), tuple(sorted(stand_ins))
            except pickle.UnpicklingError as error:
                unknown, wrong = UNKNOWN_CLASS.search(str(error)), WRONG_KIND.search(str(error))
                asked = unknown and (unknown[1] if "." in unknown[1] else f"builtins.{unknown[1]}")
                if asked and asked not in stand_ins:
                    stand_ins[asked] = _stand_in(len(stand_ins))
                    continue
                name = next((n for n, kind in stand_ins.items() if wrong and kind.__name__ == wrong[1]), None)
                if name is None or wrong is None:
                    raise
                base = InertMapping if "SETITEM" in wrong[0] else InertList
                stand_ins[name] = type(f"{base.__name__}{len(stand_ins)}", (base,), {})


def _stand_in(number: int) -> Any:
    # By the number the class is recognised in torch's message.
    return type(f"Inert{number}", (Inert,), {})
