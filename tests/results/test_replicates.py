"""Replicates: what several pairs say that one does not."""

import numpy as np
import pytest
import xarray as xr

from isthmus.errors import InputError, IsthmusWarning
from isthmus.results.replicates import replicates


def result_of(values, half=0.1, shared=False):
    """Barriers over (pair, moving), each with its own interval."""
    values = np.asarray(values, dtype=float)
    pairs = [f"a{k}-b{k}" for k in range(len(values))]
    names = {
        "name_a": ("pair", ["a0" if shared else f"a{k}" for k in range(len(values))]),
        "name_b": ("pair", [f"b{k}" for k in range(len(values))]),
    }
    dims = ("pair", "moving")
    variables = {"loss_barrier": (dims, values), "loss_barrier_low": (dims, values - half)}
    variables["loss_barrier_high"] = (dims, values + half)
    return xr.Dataset(variables, coords={"pair": pairs, **names})


def test_equal_pairs_have_no_spread_and_the_interval_of_the_data():
    found = replicates(result_of([[2.0, 0.5]] * 3))
    assert found.loss_barrier.values.tolist() == [2.0, 0.5]
    assert (found.loss_barrier_std == 0).all()
    for end in ("", "_data"):
        np.testing.assert_allclose(found[f"loss_barrier{end}_low"], [1.9, 0.4])
        np.testing.assert_allclose(found[f"loss_barrier{end}_high"], [2.1, 0.6])
    assert found.num_pairs == 3
    assert "error_barrier" not in found


def test_the_interval_over_pairs_covers_the_mean_of_the_pairs_to_come_in_95_of_100_experiments():
    random = np.random.default_rng(0)
    found = replicates(result_of(random.normal(1.0, 0.3, size=(4, 4000))))
    covered = (found.loss_barrier_low <= 1.0) & (found.loss_barrier_high >= 1.0)
    assert abs(float(covered.mean()) - 0.95) < 0.012
    assert abs(float((found.loss_barrier_std**2).mean()) - 0.09) < 0.005


def test_nan_in_one_pair_is_nan_in_the_mean_and_in_both_intervals():
    found = replicates(result_of([[1.0, 2.0], [np.nan, 2.0]]))
    for name in ("loss_barrier", "loss_barrier_std", "loss_barrier_low", "loss_barrier_data_high"):
        assert np.isnan(found[name].values).tolist() == [True, False]


def test_pairs_that_share_a_network_are_told_apart_from_independent_ones():
    with pytest.warns(IsthmusWarning, match="not independent"):
        found = replicates(result_of([[1.0], [2.0]], shared=True))
    assert found.attrs["independent_pairs"] == 0
    assert replicates(result_of([[1.0], [2.0]])).attrs["independent_pairs"] == 1


def test_one_pair_is_refused():
    with pytest.raises(InputError, match="two pairs of networks or more"):
        replicates(result_of([[1.0]]))
    with pytest.raises(InputError, match="two pairs of networks or more"):
        replicates(result_of([[1.0], [2.0]]).isel(pair=0))
