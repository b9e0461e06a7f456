"""What holds for all tests: signatures are checked, hypothesis draws the same each time, nothing is fetched."""

import os
from collections.abc import Callable

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


@pytest.fixture
def measurement() -> Callable[..., xr.Dataset]:
    return make_measurement


@pytest.fixture
def classes() -> Callable[..., xr.Dataset]:
    return make_classes


@pytest.fixture
def changed() -> Callable[..., xr.Dataset]:
    return with_cells
