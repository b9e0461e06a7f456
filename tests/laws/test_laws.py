"""Laws of layer-wise interpolation that need no number of the paper, over every registered network."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from cases import CASES, IMAGE, Case, named
from torch import nn

import isthmus

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(params=["shared", "direct"])
def engine(request):
    return request.param


def measured(case, a, b, **options):
    return isthmus.measure(case.build, a, b, case.data(), **{"layers": case.rule} | options)


@each_case
@pytest.mark.parametrize("rule", ["module", "tensor", "block", "type"])
def test_layers_cover_every_key_once_and_joining_undoes_splitting(case, rule):
    weights = case.weights(0)
    layers = isthmus.layer_partition(rule, case.build())
    assert sorted(key for label in layers for key in layers[label]) == sorted(weights)
    joined = layers.join(layers.split(weights))
    assert joined.keys() == weights.keys()
    assert all(joined[key] is weights[key] for key in weights)


@each_case
@pytest.mark.filterwarnings("ignore:a and b hold the same weights")
def test_identical_networks_have_no_barrier_anywhere(case, engine):
    a = case.weights(0)
    result = measured(case, a, {key: tensor.clone() for key, tensor in a.items()}, alphas=(0.25, 1.0), engine=engine)
    assert (result.loss_excess == 0).all()
    assert (result.error_excess == 0).all()
    assert (result.loss_barrier == 0).all()


@each_case
def test_the_ends_of_the_full_segment_are_the_networks_and_the_near_end_of_every_cut_is_the_host(case, engine):
    result = measured(case, case.weights(0), case.weights(1), alphas=(0.0, 1.0), engine=engine)
    for near, far in (("a", "b"), ("b", "a")):
        rows = result.sel(host=near)
        assert (rows.loss.sel(alpha=0) == result[f"loss_{near}"]).all()
        assert rows.loss.sel(moving="all", alpha=1) == result[f"loss_{far}"]
        assert rows.error_rate.sel(moving="all", alpha=1) == result[f"error_{far}"]


@each_case
def test_exchanging_the_networks_exchanges_the_hosts_to_the_bit(case, engine):
    a, b = case.weights(0), case.weights(1)
    one, other = measured(case, a, b, alphas=3, engine=engine), measured(case, b, a, alphas=3, engine=engine)
    for name in ("loss", "error_rate", "loss_barrier", "loss_barrier_low", "error_barrier_high", "distance"):
        swapped = other[name].sel(host=["b", "a"]) if "host" in other[name].dims else other[name]
        np.testing.assert_array_equal(one[name].values, swapped.values)
    assert one.loss_a == other.loss_b


@each_case
def test_the_full_barrier_is_the_same_from_both_hosts(case, engine):
    full = measured(case, case.weights(0), case.weights(1), alphas=(0.25, 0.5, 0.75), engine=engine).sel(moving="all")
    np.testing.assert_array_equal(full.loss.sel(host="a").values, full.loss.sel(host="b").values[::-1])
    assert full.loss_barrier[0] == full.loss_barrier[1]


@each_case
def test_one_layer_that_is_the_whole_network_is_the_full_sweep(case, engine):
    a, b = case.weights(0), case.weights(1)
    whole = isthmus.LayerPartition({"whole": list(a)})
    result = measured(case, a, b, layers=whole, alphas=(0.5,), engine=engine)
    np.testing.assert_array_equal(result.loss.sel(moving="whole"), result.loss.sel(moving="all"))


@each_case
def test_the_last_layer_is_convex_under_cross_entropy(case, engine):
    """The logits are affine in an untied last linear layer, and cross-entropy is convex in the logits."""
    result = measured(case, case.weights(0), case.weights(1), alphas=5, dtype="float64", baseline="cut", engine=engine)
    last = result.sel(moving=result.moving[-1])
    assert (np.diff(last.loss.values, n=2) >= -1e-12).all()
    assert (last.loss_excess <= 1e-12).all()


@pytest.mark.parametrize("widths", [(3, 5, 2), (4, 1, 6, 2)])
def test_deep_linear_networks_are_convex_along_every_layer_under_the_squared_loss(widths):
    """Theorem 4.1: the output is affine in one layer."""

    def build():
        return nn.Sequential(*(nn.Linear(m, n, bias=False) for m, n in pairwise(widths)))

    case = Case("deep linear", build, (widths[0],))
    inputs, _ = case.data(20)
    targets = torch.randn((20, widths[-1]), generator=torch.Generator().manual_seed(5))
    for seed in range(5):
        result = isthmus.measure(
            build, case.weights(seed), case.weights(seed + 100), (inputs.double(), targets.double()),
            loss=squared_loss, alphas=7, dtype="float64",
        )  # fmt: skip
        curves = result.loss.sel(moving=result["sweep"] == "single").values
        assert (np.diff(curves, n=2, axis=-1) >= -1e-12).all()
        assert "error_rate" not in result


def squared_loss(outputs, targets):
    return ((outputs - targets) ** 2).sum(dim=1)


class Product(nn.Module):
    """f(x) = w1 w2 x: the 1-D diagonal linear network."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(1, 1, bias=False)
        self.two = nn.Linear(1, 1, bias=False)

    def forward(self, x):
        return self.two(self.one(x))


def product_weights(first, second):
    return {"one.weight": torch.tensor([[first]]).double(), "two.weight": torch.tensor([[second]]).double()}


def product_result(a, b, y=1.0, **options):
    data = (torch.ones(1, 1).double(), torch.full((1, 1), y).double())
    return isthmus.measure(Product, product_weights(*a), product_weights(*b), data, loss=squared_loss, dtype="float64",
                           **options)  # fmt: skip


@pytest.mark.parametrize(("a", "b", "full"), [(0.25, 4.0, 12.36), (1.0, 2.0, 0.0156)])
@pytest.mark.parametrize("y", [1.0, 3.0])
def test_the_minimal_example_has_its_closed_form(a, b, full, y):
    r = b / a
    result = product_result((a, y / a), (b, y / b), y)
    expected = {"all": y**2 * (r + 1 / r - 2) ** 2 / 16}
    assert abs(float(result.loss.sel(host="a", moving="all", alpha=0.5)) - expected["all"]) < 1e-12 * y**2 * 100
    into_a, into_b = (float(result.loss.sel(host=host, moving="two", alpha=0.5)) for host in ("a", "b"))
    assert abs(into_a - y**2 * (1 - 1 / r) ** 2 / 4) < 1e-12
    assert abs(into_b - y**2 * (r - 1) ** 2 / 4) < 1e-10
    assert abs(expected["all"] - full * y**2) < 5e-3 * y**2


def test_two_layers_at_once_are_not_convex():
    """L = (1 - w1 w2)^2 from (1/2, 2) to (2, 1/2): the joint midpoint lies at (1 - 1.25^2)^2, its ends at 0."""
    result = product_result((0.5, 2.0), (2.0, 0.5))
    assert abs(float(result.loss.sel(host="a", moving="all", alpha=0.5)) - (1 - 1.25**2) ** 2) < 1e-12
    assert float(result.loss_a) == 0.0


class Quadratic(nn.Module):
    """1/2 w^T A w as the output, for a loss that is the output itself."""

    def __init__(self):
        super().__init__()
        random = torch.Generator().manual_seed(3)
        self.w1 = nn.Parameter(torch.zeros(3))
        self.w2 = nn.Parameter(torch.zeros(2))
        root = torch.randn((5, 5), generator=random, dtype=torch.float64)
        self.register_buffer("A", root @ root.T - 2 * torch.eye(5), persistent=False)

    def forward(self, x):
        w = torch.cat([self.w1, self.w2])
        return (0.5 * w @ self.A @ w) * x


@pytest.mark.parametrize("baseline", ["chord", "cut"])
def test_on_a_quadratic_loss_the_excess_has_its_closed_form(baseline):
    random = torch.Generator().manual_seed(4)
    a, b = ({k: torch.randn(n, generator=random).double() for k, n in (("w1", 3), ("w2", 2))} for _ in range(2))
    result = isthmus.measure(
        Quadratic, a, b, (torch.ones(1, 1).double(), torch.zeros(1, 1)), loss=lambda outputs, _: outputs[:, 0],
        alphas=(0.2, 0.5), baseline=baseline, dtype="float64",
    )  # fmt: skip
    A = Quadratic().A
    for moving in ("all", "w1", "w2") if baseline == "cut" else ("all",):
        d = torch.cat([(b[k] - a[k]) * (moving in {"all", k}) for k in ("w1", "w2")])
        for alpha in (0.2, 0.5):
            expected = -0.5 * alpha * (1 - alpha) * float(d @ A @ d)
            assert abs(float(result.loss_excess.sel(host="a", moving=moving, alpha=alpha)) - expected) < 1e-12


WIDER_VGG = Case("vgg11", named("vgg11:width=2"), (3, 32, 32))


@pytest.mark.parametrize("case", [CASES[0], WIDER_VGG], ids=lambda case: case.name)
def test_permuting_hidden_units_leaves_both_losses_and_changes_the_barriers(case, engine):
    a = case.weights(0)
    b = {key: tensor.clone() for key, tensor in a.items()}
    keys = [key for key in a if key.endswith("weight")]
    first, second = keys[0], keys[1]
    order = torch.arange(len(a[first])).flip(0)
    b[first] = a[first][order]
    b[first.replace("weight", "bias")] = a[first.replace("weight", "bias")][order]
    b[second] = a[second][:, order]
    result = measured(case, a, b, engine=engine)
    np.testing.assert_allclose(float(result.loss_a), float(result.loss_b), rtol=1e-6)
    assert abs(float(result.loss_barrier.sel(host="a", moving="all"))) > 1e-4


BN = Case("resnet18", named("resnet18:width=2"), IMAGE)


@pytest.mark.filterwarnings("ignore:no effect on these outputs")  # of layers behind a ReLU that lets nothing through
def test_batch_norm_interpolate_blends_statistics_and_host_keeps_them():
    a, b = BN.weights(3), BN.weights(8)
    a_with_b_statistics = a | {key: b[key] for key in b if "running" in key}
    kept = measured(BN, a, b, batch_norm="host", alphas=(1.0,)).loss.sel(host="b", moving="all", alpha=1)
    plain = measured(BN, a_with_b_statistics, b, alphas=(0.5,)).loss_a
    assert float(kept) == float(plain)
    blended = measured(BN, a, b, alphas=(1.0,)).loss.sel(host="b", moving="all", alpha=1)
    assert float(blended) != float(kept)


def test_batch_norm_recalibrate_recalibrates_the_ends_too():
    a, b = BN.weights(3), BN.weights(8)
    inputs, targets = BN.data(30, seed=77)
    options = {"batch_norm": "recalibrate", "recalibration_data": (inputs, targets)}
    result = measured(BN, a, b, alphas=(0.0, 0.5, 1.0), **options)
    stale = a | {key: torch.rand_like(a[key]) for key in a if "running" in key}
    again = measured(BN, stale, b, alphas=(0.0, 0.5, 1.0), **options)
    np.testing.assert_allclose(result.loss.values, again.loss.values, rtol=1e-6)
    assert float(result.loss_a) == float(result.loss.sel(host="a", moving="all", alpha=0))
    assert result.attrs["recalibration_data"]
    with pytest.raises(isthmus.InputError, match="--recalibrate-on"):
        measured(BN, a, b, batch_norm="recalibrate")
    with pytest.raises(isthmus.InputError, match="12 of the 12 examples"):
        measured(BN, a, b, batch_norm="recalibrate", recalibration_data=BN.data())
    measured(BN, a, b, batch_norm="recalibrate", recalibration_data=BN.data(), allow_shared_examples=True)
