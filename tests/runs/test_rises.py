"""The rise: what averaging a layer costs the host, whatever the barriers are counted from."""

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.measures.baseline import BASELINES
from isthmus.measures.intervals.interval import critical_value, mean_band
from isthmus.runs.renewed import with_rises

CNN = next(case for case in CASES if case.name == "cnn")
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)

pytestmark = pytest.mark.filterwarnings("ignore:no effect on these outputs")  # of the layers that do nothing


@pytest.fixture(scope="module")
def pair():
    """Two networks of unequal loss."""
    a = CNN.weights(0)
    return a, {key: 2.0 * tensor for key, tensor in CNN.weights(1).items()}


@pytest.fixture(scope="module")
def result(pair):
    return isthmus.measure(CNN.build, *pair, CNN.data(40), alphas=GRID, baseline="cut")


class Parabola(nn.Module):
    """The loss at weights (one, two) is (one - peak)^2 with its minimum or maximum where it is wanted."""

    def __init__(self, sign=1.0, peak=0.3):
        super().__init__()
        self.one, self.idle = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        self.sign, self.peak = sign, peak

    def forward(self, x):
        return self.sign * (self.one(x) - self.peak) ** 2 + 0 * self.idle(x)


def parabola(sign, peak, **options):
    a, b = ({f"{name}.weight": torch.tensor([[value]]) for name in ("one", "idle")} for value in (0.0, 1.0))
    data = (torch.ones(3, 1), torch.zeros(3, 1))
    build = lambda: Parabola(sign, peak)  # noqa: E731
    return isthmus.measure(build, a, b, data, loss=lambda y, _: y[:, 0], dtype="float64", **options)


def test_midpoint_largest_rise_and_exchange_are_told_apart():
    """Loss -(w - 0.3)^2 between 0 and 1: into a its top is at alpha 0.25 of the grid, and the exchange falls."""
    found = parabola(-1.0, 0.3, alphas=GRID).sel(moving="one")
    rise = {"a": lambda alpha: 0.09 - (alpha - 0.3) ** 2, "b": lambda alpha: 0.49 - (0.7 - alpha) ** 2}
    tops = {"a": 0.25, "b": 0.75}
    for host in "ab":
        cell = found.sel(host=host)
        assert float(cell.rise_alpha) == 0.5
        np.testing.assert_allclose(cell.loss_rise, rise[host](0.5), atol=1e-12)
        np.testing.assert_allclose(cell.loss_largest_rise, rise[host](tops[host]), atol=1e-12)
        assert float(cell.alpha_at_loss_largest_rise) == tops[host]
        np.testing.assert_allclose(cell.loss_exchange_rise, rise[host](1.0), atol=1e-12)
    assert float(found.loss_exchange_rise.sel(host="a")) == pytest.approx(-0.4)


def test_an_exchange_that_costs_most_is_no_rise_of_averaging():
    """Loss (w - 0.3)^2: the largest excess lies at alpha 1, what averaging costs does not."""
    cell = parabola(1.0, 0.3, alphas=GRID).sel(moving="one", host="a")
    assert float(cell.alpha_at_loss_barrier) == 1.0
    assert float(cell.loss_rise) == pytest.approx(0.2**2 - 0.09)
    assert float(cell.loss_largest_rise) == pytest.approx(0.45**2 - 0.09)
    assert float(cell.loss_exchange_rise) == pytest.approx(0.7**2 - 0.09)


def test_without_a_midpoint_the_nearest_alpha_stands_for_averaging_and_says_so():
    found = parabola(1.0, 0.3, alphas=(0.0, 0.2, 0.9))
    assert float(found.rise_alpha) == 0.2
    assert float(found.loss_rise.sel(moving="one", host="a")) == pytest.approx(0.1**2 - 0.09)
    assert "loss_exchange_rise" not in found
    ends = parabola(1.0, 0.3, alphas=(0.0, 1.0))
    assert np.isnan(ends.loss_rise).all()
    assert np.isnan(ends.rise_alpha)
    assert np.isfinite(ends.loss_exchange_rise).all()
    assert "loss_largest_rise" not in ends


def test_a_refined_maximum_counts_among_the_largest_rises():
    found = parabola(-1.0, 0.3, alphas="auto:0.001").sel(moving="one", host="a")
    assert abs(float(found.alpha_at_loss_largest_rise) - 0.3) <= 0.001
    assert float(found.loss_largest_rise) == pytest.approx(0.09, abs=1e-5)
    assert float(found.loss_rise) == pytest.approx(0.09 - 0.04)


def test_the_rise_is_the_loss_over_the_hosts_own_with_a_paired_interval(result):
    losses = isthmus.examples(result)
    for host in ("a", "b"):
        for moving in result.moving.values:
            cell, blend = (found.sel(host=host, moving=moving) for found in (result, losses))
            extra = (blend.loss.sel(alpha=0.5) - losses[f"loss_{host}"]).values.astype(np.float64)
            wrong = blend.error.sel(alpha=0.5).astype(float) - losses[f"error_{host}"].astype(float)
            np.testing.assert_allclose(cell.loss_rise, extra.mean(), atol=1e-7)
            np.testing.assert_allclose(cell.error_rise, wrong.mean(), atol=1e-12)
            ends = mean_band(extra[None], critical_value(extra[None]))
            for name, end in zip(("low", "high"), ends, strict=True):
                np.testing.assert_allclose(cell[f"loss_rise_{name}"], end[0], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_baseline_has_the_same_rises(pair, result, baseline):
    other = isthmus.measure(CNN.build, *pair, CNN.data(40), alphas=GRID, baseline=baseline)
    names = [name for name in result.data_vars if "_rise" in name]
    assert len(names) == 28
    xr.testing.assert_equal(other[names], result[names])
    xr.testing.assert_equal(isthmus.barrier(result, baseline)[names], result[names])


def test_the_baseline_host_counts_from_the_host_alone(pair, result):
    rises = isthmus.measure(CNN.build, *pair, CNN.data(40), alphas=GRID, baseline="host")
    for host in "ab":
        own = rises.loss.sel(host=host) - rises[f"loss_{host}"]
        np.testing.assert_allclose(rises.loss_excess.sel(host=host), own, atol=1e-7)
        np.testing.assert_allclose(rises.loss_barrier.sel(host=host), own.max("alpha"), atol=1e-7)
    assert (rises.loss_excess.sel(alpha=0.0) == 0).all()
    np.testing.assert_array_equal(isthmus.barrier(result, "host").loss_barrier, rises.loss_barrier)


class WithIdleLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.idle, self.last = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        return self.last(x + 0 * self.idle(x))


@pytest.fixture(scope="module")
def idle():
    """A good and a bad network, unlike in a layer that does nothing."""
    torch.manual_seed(0)
    a, b = WithIdleLayer().state_dict(), WithIdleLayer().state_dict()
    b = {key: (20 if key.startswith("last") else 1) * tensor for key, tensor in b.items()}
    return isthmus.measure(WithIdleLayer, a, b, (torch.randn(50, 4), torch.arange(50) % 3))


def test_a_layer_that_does_nothing_has_no_share_into_either_host(idle):
    assert abs(float(idle.loss_barrier.sel(host="a", moving="idle"))) > 0.5  # half of the networks' difference
    into_a = idle.sel(host="a", moving="idle")
    assert float(into_a.loss_rise) == float(into_a.loss_rise_low) == float(into_a.loss_rise_high) == 0
    for end in ("", "_low", "_high"):
        assert (idle[f"loss_rise_share{end}"].sel(moving="idle") == 0).all()


def test_the_share_is_that_of_the_full_networks_rise_with_its_paired_interval(idle):
    losses = isthmus.examples(idle).sel(host="a", alpha=0.5)
    full, layer = ((losses.loss.sel(moving=m) - losses.loss_a).values.astype(float) for m in ("all", "last"))
    cell = idle.sel(host="a", moving="last")
    r = 3 * layer.mean() / full.mean()
    assert float(cell.loss_rise_share) == pytest.approx(r, rel=1e-6)
    for end in ("low", "high"):  # at an end of Fieller's interval the mean of x - R y is just told from zero
        rest = layer - float(cell[f"loss_rise_share_{end}"]) / 3 * full
        assert abs(rest.mean() / (rest.std(ddof=1) / 50**0.5)) == pytest.approx(2.0095752, rel=1e-4)
    assert np.isnan(idle.loss_rise_share.sel(moving="all")).all()


def test_what_averaging_costs_a_good_network_beside_a_bad_one_is_no_negative_barrier():
    """The paper's barrier of a trained against an untrained network may be negative where the average costs much."""
    torch.manual_seed(0)
    inputs = torch.randn(300, 4)
    targets = (inputs[:, 0] > 0).long()
    trained = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(trained.parameters(), lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        functional.cross_entropy(trained(inputs), targets).backward()
        optimizer.step()
    bad = {key: -3 * tensor for key, tensor in trained.state_dict().items()}
    found = isthmus.measure(nn.Linear(4, 2), trained.state_dict(), bad, (inputs, targets), sweep="full").sel(
        moving="all"
    )
    assert float(found.loss_barrier.sel(host="a")) < -1
    assert float(found.loss_rise_low.sel(host="a")) > 1
    assert float(found.loss_rise_high.sel(host="b")) < -1


def test_classes_have_rises_of_their_own_examples(pair):
    inputs, targets = CNN.data(40)
    label = int(targets[0])
    classes = isthmus.class_barriers(isthmus.measure(CNN.build, *pair, (inputs, targets)))
    alone = isthmus.measure(CNN.build, *pair, (inputs[targets == label], targets[targets == label]))
    np.testing.assert_allclose(classes.loss_rise.sel(label=label), alone.loss_rise, atol=1e-6)
    np.testing.assert_array_equal(classes.error_rise_high.sel(label=label), alone.error_rise_high)


def test_with_a_precision_the_rises_speak_of_the_data_set(pair):
    data = CNN.data(700)
    whole = isthmus.measure(CNN.build, *pair, data)
    drawn = isthmus.measure(CNN.build, *pair, data, precision=0.3)
    assert int(drawn.num_examples.min()) < 700
    assert float(((drawn.loss_rise_high - drawn.loss_rise_low) / 2).max()) <= 0.3
    missed = (whole.loss_rise < drawn.loss_rise_low) | (whole.loss_rise > drawn.loss_rise_high)
    assert missed.sum() <= 1
    np.testing.assert_allclose(drawn.loss_rise, whole.loss_rise, atol=0.3)
    everything = isthmus.measure(CNN.build, *pair, data, precision=1e-6)
    np.testing.assert_allclose(everything.loss_rise, whole.loss_rise, atol=1e-6)
    for name in ("loss_rise", "error_rise", "loss_rise_share"):
        np.testing.assert_allclose(everything[f"{name}_low"], everything[f"{name}_high"], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("options", [{"alphas": GRID}, {"alphas": "auto"}, {"directions": 2}], ids=str)
def test_rises_are_read_back_from_a_folder(pair, tmp_path, options):
    kept = isthmus.measure(CNN.build, *pair, CNN.data(10), out=tmp_path / "run", **options)
    xr.testing.assert_identical(isthmus.load_run(tmp_path / "run"), kept)
    assert float(isthmus.load_run(tmp_path / "run").rise_alpha) == 0.5


def test_a_result_knows_how_many_modules_keep_running_statistics(pair):
    normalised = next(case for case in CASES if case.name == "resnet18")
    weights = normalised.weights(0), normalised.weights(1)
    result = isthmus.measure(normalised.build, *weights, normalised.data(4), sweep="full", engine="direct")
    assert result.attrs["num_normalizations"] == 20
    plain = isthmus.measure(CNN.build, *pair, CNN.data(4), sweep="full", engine="direct")
    assert plain.attrs["num_normalizations"] == 0


def test_a_result_without_rises_gets_them_from_its_losses_or_stays_as_it_is(pair):
    result = isthmus.measure(CNN.build, *pair, CNN.data(10))
    before = result.drop_vars([name for name in result.variables if "rise" in str(name)])
    xr.testing.assert_equal(with_rises(before), result)
    gone = before.assign_attrs(run_id="gone")
    assert with_rises(gone) is gone
