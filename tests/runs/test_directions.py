"""Random directions beside every barrier."""

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES
from torch import nn

import isthmus
from isthmus.measures.intervals.interval import critical_value, mean_band

CASE = next(case for case in CASES if case.name == "omniglot_cnn")  # BatchNorm, and few layers
OPTIONS = {"sweep": ["single", "cumulative:deep_first"], "directions": 3}


class Quadratic(nn.Module):
    """1/2 sum_k c_k w_k^2 over two layers."""

    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(torch.zeros(400))
        self.two = nn.Parameter(torch.zeros(300))

    def forward(self, x):
        curvature = torch.arange(1.0, 401.0, dtype=self.one.dtype)
        return 0.5 * x * ((curvature * self.one**2).sum() + 3 * (self.two**2).sum())


def test_on_a_quadratic_loss_random_rises_follow_the_trace_and_the_averaging_rise_is_exact():
    random = torch.Generator().manual_seed(1)
    a, b = (
        {name: torch.randn(n, generator=random, dtype=torch.float64) for name, n in (("one", 400), ("two", 300))}
        for _ in range(2)
    )
    zero = {name: torch.zeros_like(tensor) for name, tensor in a.items()}
    result = isthmus.measure(
        Quadratic, zero, b, (torch.ones(4, 1, dtype=torch.float64), torch.zeros(4, 1)),
        loss=lambda y, _: y[:, 0], dtype="float64", directions=40,
    )  # fmt: skip
    at = result.sel(host="a")
    for fraction in (0.5, 1.0):
        # Layer `two` has one curvature in all directions: every direction of equal length rises alike, exactly.
        expected = 1.5 * fraction**2 * float((b["two"] ** 2).sum())
        np.testing.assert_allclose(at.random_loss.sel(moving="two", fraction=fraction), expected, rtol=1e-12)
        np.testing.assert_allclose(at.averaging_loss_rise.sel(moving="two", fraction=fraction), expected, rtol=1e-12)
        np.testing.assert_allclose(at.loss_rise_ratio.sel(moving="two", fraction=fraction), 1.0, rtol=1e-12)
        # Layer `one`: (1/2) |d|^2 tr(H)/n on average over directions.
        mean = 0.5 * fraction**2 * float((b["one"] ** 2).sum()) * 200.5
        spread = float(at.random_loss_rise_spread.sel(moving="one", fraction=fraction)) / 40**0.5
        assert abs(float(at.random_loss_rise.sel(moving="one", fraction=fraction)) - mean) < 4 * spread


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_the_start_of_every_direction_is_the_host_and_its_averaging_end_is_the_far_end(engine):
    a, b = CASE.weights(0), CASE.weights(1)
    result = isthmus.measure(CASE.build, a, b, CASE.data(), alphas=(0.5, 1.0), engine=engine, **OPTIONS)
    for host in "ab":
        rows = result.sel(host=host)
        assert (rows.random_loss.sel(fraction=0) == result[f"loss_{host}"]).all()
        assert (rows.random_loss_rise.sel(fraction=0) == 0).all()
        for fraction in (0.5, 1.0):
            rise = rows.loss.sel(alpha=fraction) - result[f"loss_{host}"]
            np.testing.assert_allclose(rows.averaging_loss_rise.sel(fraction=fraction), rise, atol=1e-7)


def test_both_engines_walk_the_same_directions():
    a, b = CASE.weights(0), CASE.weights(1)
    one, other = (isthmus.measure(CASE.build, a, b, CASE.data(), engine=e, **OPTIONS) for e in ("shared", "direct"))
    np.testing.assert_array_equal(one.random_loss, other.random_loss)
    np.testing.assert_array_equal(one.random_error_rate, other.random_error_rate)


def test_the_seed_fixes_the_directions_and_matters():
    a, b = CASE.weights(0), CASE.weights(1)
    one, same, other = (
        isthmus.measure(CASE.build, a, b, CASE.data(), directions=2, seed=seed).random_loss for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one.sel(fraction=1) != other.sel(fraction=1)).all()
    assert (one.sel(fraction=1, draw=0) != one.sel(fraction=1, draw=1)).all()


def test_exchanging_the_networks_exchanges_the_hosts():
    a, b = CASE.weights(0), CASE.weights(1)
    one = isthmus.measure(CASE.build, a, b, CASE.data(), directions=2)
    other = isthmus.measure(CASE.build, b, a, CASE.data(), directions=2)
    np.testing.assert_array_equal(one.random_loss, other.random_loss.sel(host=["b", "a"]))


def test_the_interval_of_a_rise_is_that_of_paired_differences():
    """One draw: the rise is a plain paired mean, with the interval of any mean."""
    a, b = CASE.weights(0), CASE.weights(1)
    result = isthmus.measure(CASE.build, a, b, CASE.data(25), directions=1)
    cell = result.sel(host="a", moving="fc", fraction=0.5)
    losses = isthmus.examples(result)
    difference = losses.loss.sel(host="a", moving="fc", alpha=0.5) - losses.loss_a
    row = difference.values.astype(np.float64)[None]
    (low,), (high,) = mean_band(row, critical_value(row))
    np.testing.assert_allclose(cell.averaging_loss_rise, difference.mean(), rtol=1e-6)
    np.testing.assert_allclose(cell.averaging_loss_rise_low, low, rtol=1e-5)
    np.testing.assert_allclose(cell.averaging_loss_rise_high, high, rtol=1e-5)
    assert np.isnan(cell.random_loss_rise_spread)


def test_directions_leave_barriers_alone_and_are_read_back(tmp_path):
    a, b = CASE.weights(0), CASE.weights(1)
    splits = {"one": CASE.data(20), "two": CASE.data(10, seed=3)}
    plain = isthmus.measure(CASE.build, a, b, splits)
    result = isthmus.measure(CASE.build, a, b, splits, directions=2, out=tmp_path / "run")
    for name in plain.data_vars:
        np.testing.assert_array_equal(plain[name], result[name])
    xr.testing.assert_identical(isthmus.load_run(tmp_path / "run").drop_attrs(), result.drop_attrs())


def test_directions_are_not_offered_with_a_precision():
    with pytest.raises(isthmus.InputError, match="no precision with it"):
        isthmus.measure(CASE.build, CASE.weights(0), CASE.weights(1), CASE.data(), directions=2, precision=0.1)


@pytest.mark.parametrize("number", [-1, 1.5])
def test_a_number_of_directions_is_a_whole_number_from_0(number):
    with pytest.raises(isthmus.InputError, match="--directions"):
        isthmus.measure(CASE.build, CASE.weights(0), CASE.weights(1), CASE.data(), directions=number)
