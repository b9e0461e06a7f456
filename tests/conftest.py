"""What holds for all tests: signatures are checked, hypothesis draws the same each time, nothing is fetched.

Pictures are rendered where tests are about them.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
import xarray as xr
from hypothesis import settings
from jaxtyping import install_import_hook

torch.set_num_threads(1)
settings.register_profile("repeatable", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
install_import_hook("isthmus", "checked.annotations_checked")

# They import isthmus, which the hook must see.
from made_measurements import make_classes, make_measurement, with_cells  # noqa: E402

collect_ignore_glob = ["*/conftest.py"]  # two of one name: pytest would read them as doctests of one module

TESTS = Path(__file__).parent
RENDERED = {TESTS, TESTS / "pages", TESTS / "questions", TESTS / "report", TESTS / "cli" / "test_explain.py"}
BLANK = {"svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>', "png": b"\x89PNG\r\n\x1a\n"}


@pytest.fixture(scope="module", autouse=True)
def pictures_where_tests_are_about_them(request: pytest.FixtureRequest) -> Iterator[None]:
    """Elsewhere a figure is made and its file is blank: to render a page of them takes longer than to measure."""
    with pytest.MonkeyPatch.context() as patch:
        if RENDERED.isdisjoint({request.path, request.path.parent}):
            patch.setattr("isthmus.report.style.picture_bytes", lambda _, file_format: BLANK[file_format])
        yield


@pytest.fixture
def measurement() -> Callable[..., xr.Dataset]:
    return make_measurement


@pytest.fixture
def classes() -> Callable[..., xr.Dataset]:
    return make_classes


@pytest.fixture
def changed() -> Callable[..., xr.Dataset]:
    return with_cells
