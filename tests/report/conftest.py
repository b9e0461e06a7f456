"""Made-up measurements of every shape that the report has to show."""

from collections.abc import Callable

import pytest
import xarray as xr
from made_measurements import make_classes, make_measurement, with_cells


@pytest.fixture
def measurement() -> Callable[..., xr.Dataset]:
    return make_measurement


@pytest.fixture
def classes() -> Callable[..., xr.Dataset]:
    return make_classes


@pytest.fixture
def changed() -> Callable[..., xr.Dataset]:
    return with_cells
