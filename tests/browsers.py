"""The browser of the screenshots, for tests that look at pages."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def program(name: str) -> ModuleType:
    """A program of `examples/`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


SHOTS = program("screenshots")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; without one the test is skipped."""
    if SHOTS.chromium() is None:
        pytest.skip("expected Chromium on the path, got none; `apt-get install chromium` brings it")
    with SHOTS.Browser() as found:
        yield found
