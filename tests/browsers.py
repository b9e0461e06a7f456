"""The browser of the screenshots, for tests that look at pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from programs import program

SHOTS = program("screenshots")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; without one the test is skipped."""
    if SHOTS.chromium() is None:
        pytest.skip("expected Chromium on the path, got none; `apt-get install chromium` brings it")
    with SHOTS.Browser() as found:
        yield found
