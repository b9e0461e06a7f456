"""What holds for all tests: signatures are checked, hypothesis draws the same each time, nothing is fetched.

A network is exported once, and pictures are rendered where tests are about them.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import jaxtyping
import pytest
import torch
import xarray as xr
from checked import shapes_checked
from hypothesis import settings
from matplotlib.figure import Figure

torch.set_num_threads(1)
settings.register_profile("repeatable", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
jaxtyping.jaxtyped = shapes_checked  # what the hook below puts on every function
jaxtyping.install_import_hook("isthmus", "checked.annotations_checked")

# They import isthmus, which the hook must see.
from made_measurements import make_classes, make_measurement, with_cells  # noqa: E402

from isthmus.evaluation.stages.kept_graphs import kept_graphs  # noqa: E402
from isthmus.report.style import picture_bytes  # noqa: E402

# Two of one name: pytest would read them as doctests of one module, and fail on whichever it meets second.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]


@pytest.fixture(scope="session", autouse=True)
def one_export_a_network() -> Iterator[None]:
    """An export takes longer than the measurement of a tiny network, which many tests measure."""
    with kept_graphs():
        yield


@pytest.fixture(scope="session")
def processes() -> BaseContext:
    """Makes processes of which each has torch already, so that a kill costs little."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["isthmus.runs.measure", "isthmus.training.networks.networks", "torch._dynamo"])
    return context


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process in the background of a shell ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


TESTS = Path(__file__).parent
RENDERED = dict.fromkeys([TESTS, TESTS / "report"], ("svg", "png"))
RENDERED |= dict.fromkeys([TESTS / "pages", TESTS / "questions", TESTS / "cli" / "test_explain.py"], ("svg",))
BLANK = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" id="blank" viewBox="0 0 1 1" width="1pt"/>',
    "png": b"\x89PNG\r\n\x1a\n",
}


@pytest.fixture(scope="module", autouse=True)
def pictures_where_tests_are_about_them(request: pytest.FixtureRequest) -> Iterator[None]:
    """Elsewhere a figure is made and its files are blank: to render a page of them takes longer than to measure."""
    rendered = RENDERED.get(request.path) or RENDERED.get(request.path.parent) or ()

    def drawn(figure: Figure, file_format: str) -> bytes:
        return picture_bytes(figure, file_format) if file_format in rendered else BLANK[file_format]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isthmus.report.style.picture_bytes", drawn)
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
