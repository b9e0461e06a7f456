"""The browser of the screenshots, for tests that look at pages."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def screenshots() -> ModuleType:
    """The program that makes them."""
    file = Path(__file__).parents[1] / "examples" / "screenshots.py"
    spec = importlib.util.spec_from_file_location("screenshots", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = module
    spec.loader.exec_module(module)
    return module


SHOTS = screenshots()


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; without one the test is skipped."""
    if SHOTS.chromium() is None:
        pytest.skip("expected Chromium on the path, got none; `apt-get install chromium` brings it")
    with SHOTS.Browser() as found:
        yield found
