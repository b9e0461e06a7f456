"""Numbers with their intervals, read out of a result."""

import numpy as np
import pytest
import xarray as xr

from isthmus.measures.estimate import Estimate
from isthmus.results.estimates import estimate_at, estimates_of

DIMS, SHAPE = ("host", "moving"), (2, 3)


@pytest.fixture
def result():
    values = np.arange(6.0).reshape(SHAPE)
    carriers = np.array([[29.9, 30.0, np.nan], [0.0, 31.0, 500.0]])
    variables = {"rise": values, "rise_low": values - 1, "rise_high": values + 2, "rise_effective_examples": carriers}
    coordinates = {"host": ["a", "b"], "moving": ["all", "conv1", "fc"]}
    return xr.Dataset({name: (DIMS, array) for name, array in variables.items()}, coordinates)


def test_one_number_and_all_numbers_are_the_same(result):
    found = estimates_of(result, "rise", "nats")
    assert len(found) == 6
    for (host, moving), one in found.items():
        assert one == estimate_at(result.sel(host=host, moving=moving), "rise", "nats")
    assert found["b", "fc"] == Estimate(5.0, 4.0, 7.0, trusted=True, unit="nats")


def test_a_number_is_trusted_unless_fewer_than_thirty_examples_carry_it(result):
    trusted = [one.trusted for one in estimates_of(result, "rise").values()]
    assert trusted == [False, True, True, False, True, True]
    silent = result.drop_vars("rise_effective_examples")
    assert all(one.trusted for one in estimates_of(silent, "rise").values())
    assert estimate_at(silent.isel(host=0, moving=0), "rise").trusted


def test_labels_follow_the_dimensions_of_the_variable_whatever_those_of_the_ends(result):
    turned = result.assign(rise_low=result.rise_low.T, rise_effective_examples=result.rise_effective_examples.T)
    assert estimates_of(turned, "rise") == estimates_of(result, "rise")
    moving_first = estimates_of(result.transpose("moving", "host"), "rise")
    assert moving_first["conv1", "b"] == estimates_of(result, "rise")["b", "conv1"]


def test_another_interval_of_the_same_numbers_is_named(result):
    wide = result.assign(data_low=result.rise - 10, data_high=result.rise + 10)
    assert estimates_of(wide, "rise", interval=("data_low", "data_high"))["a", "fc"].high == 12.0
