"""Interactions from per-example losses worked out by hand, and the door to them."""

from itertools import combinations

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES
from scipy import stats

import isthmus
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.interval import mean_band
from isthmus.measures.ratio import per_unit
from isthmus.questions.interactions.measure import interactions_of, missing_groups
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.group import MovingGroup

LAYERS = ("one", "two", "three")
SINGLES = [(layer,) for layer in LAYERS]
PAIRS = list(combinations(LAYERS, 2))
MLP = CASES[0]


def grid_with(groups):
    """Host a, one alpha; points 0 and 1 are the networks, then one for each group."""
    moving = tuple(MovingGroup("+".join(layers), layers, "given") for layers in (LAYERS, *groups))
    rows = np.arange(2, 2 + len(moving)).reshape(1, -1, 1)
    return Grid(("a",), moving, (0.5,), 2 + len(moving), rows, None)


def table_of(losses, error=None, counts=None):
    return ExampleTable(np.asarray(losses), error, None, counts)


def test_the_interaction_and_its_interval_are_those_of_the_paired_differences():
    losses = np.random.default_rng(0).gamma(2.0, size=(9, 40))
    grid = grid_with([*SINGLES, *PAIRS])
    found = interactions_of(grid, table_of(losses), "loss", 0)
    host, one, three, both = losses[[0, 3, 5, 7]]
    differences = both - one - three + host
    critical = float(stats.t.ppf(0.975, 39))
    low, high = mean_band(differences[None], critical)
    assert abs(found.interaction.value[0, 0, 2] - differences.mean()) < 1e-12
    assert abs(found.interaction.low[0, 0, 2] - low[0]) < 1e-12
    assert abs(found.interaction.high[0, 2, 0] - high[0]) < 1e-12
    rise = np.concatenate(mean_band((one - host)[None], critical))
    assert np.allclose([found.rise.low[0, 0], found.rise.high[0, 0]], rise, atol=1e-12)
    assert np.isnan(found.interaction.value[0].diagonal()).all()


def test_the_interval_of_an_interaction_covers_as_it_claims():
    grid, random, truth = grid_with([*SINGLES, *PAIRS]), np.random.default_rng(1), 0.3
    hits = 0
    for _ in range(400):
        losses = random.normal(size=(9, 30)) + 2 * random.normal(size=30)
        losses[6] += truth
        found = interactions_of(grid, table_of(losses), "loss", 0).interaction
        hits += bool(found.low[0, 0, 1] <= truth <= found.high[0, 0, 1])
    assert 0.92 <= hits / 400 <= 0.98


def test_nothing_changed_is_no_proof_of_no_interaction_of_errors():
    errors = np.zeros((9, 50), dtype=bool)
    found = interactions_of(grid_with([*SINGLES, *PAIRS]), table_of(np.zeros((9, 50)), errors), "error", 0)
    assert found.interaction.value[0, 0, 1] == 0
    assert found.interaction.low[0, 0, 1] < -0.05 < 0.05 < found.interaction.high[0, 0, 1]
    assert 0.05 < found.rise.high[0, 0] < 0.1


def test_an_error_interaction_may_reach_minus_two():
    errors = np.zeros((9, 50), dtype=bool)
    errors[[3, 4]] = True
    found = interactions_of(grid_with([*SINGLES, *PAIRS]), table_of(np.zeros((9, 50)), errors), "error", 0).interaction
    assert found.value[0, 0, 1] == found.low[0, 0, 1] == -2.0
    assert -2.0 < found.high[0, 0, 1] < -1.5


def test_only_examples_on_which_all_points_are_known_count():
    losses = np.zeros((9, 6))
    losses[6] = [1, 1, 1, 99, 99, 99]
    counts = np.array([6, 6, 6, 6, 6, 6, 3, 6, 6])
    found = interactions_of(grid_with([*SINGLES, *PAIRS]), table_of(losses, counts=counts), "loss", 0).interaction
    assert found.value[0, 0, 1] == 1.0
    assert found.value[0, 0, 2] == 0.0


def test_nan_and_infinite_losses_stay_as_they_are():
    losses = np.zeros((9, 6))
    losses[6, 2], losses[3, 0] = np.nan, np.inf
    found = interactions_of(grid_with([*SINGLES, *PAIRS]), table_of(losses), "loss", 0)
    assert np.isnan(found.interaction.value[0, 0, 1])
    assert found.rise.value[0, 0] == np.inf
    assert found.interaction.value[0, 0, 2] == -np.inf


def test_what_is_missing_is_named_and_a_window_may_stand_for_a_pair():
    assert missing_groups(grid_with([*SINGLES, *PAIRS])) == []
    assert missing_groups(grid_with(SINGLES)) == ["one+two", "one+three", "two+three"]
    assert missing_groups(grid_with([*PAIRS, ("one",), ("two",)])) == ["three"]


@pytest.fixture(scope="module")
def result():
    return isthmus.measure(
        MLP.build, MLP.weights(0), MLP.weights(1), {"train": MLP.data(9), "test": MLP.data(8)},
        sweep=["single", "pairs"], alphas=(0.3, 0.5),
    )  # fmt: skip


def test_the_dataset_has_its_dimensions_and_is_symmetric(result):
    found = isthmus.interactions(result)
    assert found.interaction.dims == ("split", "host", "layer", "other_layer")
    assert found.rise.dims == ("split", "host", "layer")
    assert list(found.layer.values) == list(result.moving.values[result["sweep"] == "single"])
    for name in ("interaction", "interaction_low", "interaction_high"):
        array = found[name].values
        np.testing.assert_array_equal(array, array.swapaxes(2, 3))
        assert (np.isnan(array).sum(axis=(2, 3)) == found.sizes["layer"]).all()
    assert (isthmus.interactions(result, 0.3).rise.values != found.rise.values).all()
    errors = isthmus.interactions(result, value="error")
    assert not np.isnan(errors.rise.values).any()
    assert float(errors.alpha) == 0.5


def test_interactions_of_a_stored_run_are_those_of_the_measurement(tmp_path):
    options = {"sweep": ["single", "pairs"], "out": tmp_path / "run"}
    stored = isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(9), **options)
    loaded = isthmus.load_run(tmp_path / "run")
    xr.testing.assert_identical(isthmus.interactions(stored), isthmus.interactions(loaded))


def test_what_has_no_interactions_is_refused(result):
    with pytest.raises(isthmus.InputError, match=r"(?s)alphas 0.3, 0.5.*got 0.25"):
        isthmus.interactions(result, alpha=0.25)
    with pytest.raises(isthmus.InputError, match=r"(?s)a value: one of loss, error.*'losses'"):
        isthmus.interactions(result, value="losses")
    alone = isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(5))
    with pytest.raises(isthmus.InputError, match=r"(?s)one without .* and \d+ more.*sweep=\['single', 'pairs'\]"):
        isthmus.interactions(alone)
    with pytest.raises(isthmus.InputError, match="a result with per-example losses"):
        isthmus.interactions(alone.assign_attrs(run_id="gone"))
    plain = isthmus.measure(
        MLP.build, MLP.weights(0), MLP.weights(1), (MLP.data(5)[0], torch.zeros(5, 10)), sweep=["single", "pairs"],
        loss=lambda outputs, targets: (outputs - targets).square().sum(dim=1),
    )  # fmt: skip
    with pytest.raises(isthmus.InputError, match="a loss with classes"):
        isthmus.interactions(plain, value="error")


@pytest.mark.filterwarnings("ignore:a and b hold the same weights")
def test_rises_per_unit_are_quotients_and_undefined_where_nothing_moves(result):
    per_distance = result.loss_rise / result.distance**2
    np.testing.assert_allclose(result.loss_rise_per_squared_distance, per_distance, rtol=1e-15)
    per_parameter = result.loss_rise / result.num_parameters
    np.testing.assert_allclose(result.loss_rise_per_parameter, per_parameter, rtol=1e-15)
    assert result.loss_rise_per_parameter.dims == ("split", "host", "moving")
    other = isthmus.barrier(result, "chord")
    np.testing.assert_array_equal(other.loss_rise_per_squared_distance, result.loss_rise_per_squared_distance)
    a = MLP.weights(0)
    same = isthmus.measure(MLP.build, a, {key: t.clone() for key, t in a.items()}, MLP.data(4))
    assert np.isnan(same.loss_rise_per_squared_distance).all()
    assert (same.loss_rise_per_parameter == 0).all()
    assert np.isnan(per_unit(np.array([1.0]), np.array([0.0]))).all()
