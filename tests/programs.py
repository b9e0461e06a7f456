"""Programs beside the package, loaded for tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def program(name: str, folder: str = "examples") -> ModuleType:
    """A program of `examples/` or `benchmarks/`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where its dataclasses look for their types
    spec.loader.exec_module(module)
    return module
