"""Prediction beside measurement: exact where the loss is quadratic, close where networks are."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES, Case
from torch import nn

import isthmus
from isthmus.questions.curvature.rank_correlation import rank_correlation

RESNET = next(case for case in CASES if case.name == "resnet18")
MLP = CASES[0]
SINGLES = ("w1", "w2")


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


def first_output(outputs, _):
    return outputs[:, 0]


def quadratic_pair():
    random = torch.Generator().manual_seed(4)
    return tuple({k: torch.randn(n, generator=random).double() for k, n in (("w1", 3), ("w2", 2))} for _ in range(2))


def quadratic_study(a, b, **options):
    data = (torch.ones(4, 1).double(), torch.zeros(4, 1))
    return isthmus.curvature(Quadratic, a, b, data, loss=first_output, dtype="float64", **options)


def test_on_a_quadratic_loss_every_prediction_is_exact_from_both_hosts():
    a, b = quadratic_pair()
    study, A = quadratic_study(a, b), Quadratic().A
    assert abs(float(study.loss_host[0] - study.loss_host[1])) > 0.1
    for host, own, other in (("a", a, b), ("b", b, a)):
        w = torch.cat([own["w1"], own["w2"]])
        for moving in ("all", *SINGLES):
            d = torch.cat([(other[k] - own[k]) * (moving in {"all", k}) for k in SINGLES])
            cut = study.sel(host=host, moving=moving)
            rise = float((w + d / 2) @ A @ (w + d / 2) - w @ A @ w) / 2
            assert abs(float(cut.measured_rise) - rise) < 1e-12
            assert abs(float(cut.predicted_rise) - rise) < 1e-12
            assert abs(float(cut.slope) - float(w @ A @ d)) < 1e-12
            assert abs(float(cut.predicted_cut_excess) + float(d @ A @ d) / 8) < 1e-12
            assert abs(float(cut.distance) - float(d.norm())) < 1e-12
        of_host = study.sel(host=host)
        assert abs(float(of_host.predicted_full_excess - of_host.measured_full_excess)) < 1e-12
    assert study.attrs["rank_correlation"] == 1.0
    assert study.attrs["num_compared"] == 4


class Cubic(nn.Module):
    """w^3 as the output, for a loss that is the output itself."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.w**3 * x


def test_the_full_excess_is_predicted_from_the_curvature_at_the_midpoint():
    """w^3 from 1 to 3: the second derivative is 12 half-way, and the midpoint lies -12 * 2^2 / 8 = -6 over the mean."""
    a, b = {"w": torch.tensor([1.0]).double()}, {"w": torch.tensor([3.0]).double()}
    data = (torch.ones(4, 1).double(), torch.zeros(4, 1))
    study = isthmus.curvature(Cubic, a, b, data, loss=first_output, dtype="float64")
    np.testing.assert_allclose(study.predicted_full_excess, -6, rtol=1e-12)
    np.testing.assert_allclose(study.measured_full_excess, -6, rtol=1e-12)
    np.testing.assert_allclose(study.predicted_rise.sel(moving="w"), [3 + 6 / 2, -27 + 18 / 2], rtol=1e-12)


def test_random_directions_rise_by_the_trace_in_expectation():
    """Over random signs of equal length, a block of the quadratic loss rises by |d|^2 tr / (8 n) on average."""
    a, b = quadratic_pair()
    study, A = quadratic_study(a, b, num_probes=150), Quadratic().A
    traces = {"w1": A[:3, :3].trace().item(), "w2": A[3:, 3:].trace().item()}
    traces["all"] = traces["w1"] + traces["w2"]
    for moving, trace in traces.items():
        cut = study.sel(host="b", moving=moving)
        keys = SINGLES if moving == "all" else (moving,)
        length = sum(float((a[k] - b[k]).square().sum()) for k in keys)
        number = sum(a[k].numel() for k in keys)
        assert abs(float(cut.hessian_trace) - trace) < 4 * float(cut.hessian_trace_error)
        assert float(cut.random_rise) == pytest.approx(length * float(cut.hessian_trace) / number / 8, rel=1e-12)
        assert float(cut.random_rise_error) == pytest.approx(length * float(cut.hessian_trace_error) / number / 8)


def test_exchanging_the_networks_exchanges_the_hosts():
    a, b = MLP.weights(0), MLP.weights(1)
    one, other = (isthmus.curvature(MLP.build, *pair, MLP.data(), num_probes=2) for pair in ((a, b), (b, a)))
    for name in one.data_vars:
        swapped = other[name].sel(host=["b", "a"]) if "host" in other[name].dims else other[name]
        np.testing.assert_array_equal(one[name].values, swapped.values, err_msg=str(name))
    assert one.attrs["rank_correlation"] == other.attrs["rank_correlation"]


def test_the_batch_size_changes_nothing_beyond_rounding():
    a, b = MLP.weights(0), MLP.weights(1)
    whole, parts = (
        isthmus.curvature(MLP.build, a, b, MLP.data(40), batch_size=n, dtype="float64", num_probes=2) for n in (40, 7)
    )
    xr.testing.assert_allclose(whole.drop_attrs(), parts.drop_attrs(), rtol=1e-10, atol=1e-13)


def near(weights, step):
    """Other weights at a small distance, with quite other running statistics."""
    torch.manual_seed(11)
    return {
        key: t + (torch.randn_like(t) if "running_mean" in key else step * torch.randn_like(t))
        if t.is_floating_point() and "running_var" not in key
        else t
        for key, t in weights.items()
    }


def test_under_host_statistics_prediction_and_measurement_meet_as_the_networks_do():
    a = {key: t.double() if t.is_floating_point() else t for key, t in RESNET.weights(0).items()}
    for step in (1e-3, 1e-4):
        b = near(a, step)
        study = isthmus.curvature(RESNET.build, a, b, RESNET.data(), dtype="float64", num_probes=0)
        missed = np.abs(study.predicted_rise - study.measured_rise).max()
        assert float(missed) < 1e3 * step * float(np.abs(study.measured_rise).max())
        assert json.loads(study.attrs["warnings"]) == []
    assert np.isnan(study.hessian_trace).all()
    assert study.attrs["batch_norm"] == "host"


def test_under_interpolate_a_warning_says_that_the_measured_move_is_another():
    a = RESNET.weights(0)
    with pytest.warns(isthmus.IsthmusWarning, match="also moves buffers.*bn1.running_mean.*batch_norm='host'"):
        study = isthmus.curvature(RESNET.build, a, near(a, 1e-3), RESNET.data(), batch_norm="interpolate", num_probes=0)
    missed = np.abs(study.predicted_rise - study.measured_rise).max()
    assert float(missed) > 0.1 * float(np.abs(study.measured_rise).max())
    assert len(json.loads(study.attrs["warnings"])) == 1


def test_layers_whose_interval_includes_zero_are_named_and_others_not():
    study = isthmus.curvature(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(30), num_probes=0)
    named = set(json.loads(study.attrs["undecided"]))
    for host in ("a", "b"):
        for moving in study.moving.values[1:]:
            cut = study.sel(host=host, moving=moving)
            includes = float(cut.measured_rise_low) <= 0 <= float(cut.measured_rise_high)
            assert (f"{moving} into {host}" in named) == includes
    assert 0 < len(named) < study.attrs["num_compared"]


def test_the_measured_rise_is_that_of_measure():
    a, b = MLP.weights(0), MLP.weights(1)
    study = isthmus.curvature(MLP.build, a, b, MLP.data(30), num_probes=0)
    result = isthmus.measure(MLP.build, a, b, MLP.data(30), alphas=(0.0, 0.5))
    rise = result.loss.sel(alpha=0.5) - result.loss.sel(alpha=0.0)
    np.testing.assert_allclose(study.measured_rise.transpose(*rise.dims), rise, rtol=1e-6, atol=1e-7)
    assert list(study.moving.values) == list(result.moving.values)


def test_a_study_is_saved_and_other_folders_are_refused_before_the_work(tmp_path):
    a, b = quadratic_pair()
    study = quadratic_study(a, b, out=tmp_path / "study")
    loaded = isthmus.load_study(tmp_path / "study")
    xr.testing.assert_identical(loaded, study)
    xr.testing.assert_identical(quadratic_study(a, b, out=tmp_path / "study"), study)
    with pytest.raises(isthmus.InputError, match=r"another study: settings \(num_probes\) differ"):
        quadratic_study(a, b, num_probes=3, out=tmp_path / "study")
    with pytest.raises(isthmus.InputError, match="another study: hash_a, hash_b differ"):
        quadratic_study(b, a, out=tmp_path / "study")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_norm": "recalibrate"}, "expected interpolate or host"),
        ({"num_probes": -1}, "a whole number of at least 0"),
        ({"num_probes": 2.0}, "a whole number of at least 0"),
        ({"hosts": ("a", "a")}, "--hosts"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(isthmus.InputError, match=message):
        isthmus.curvature(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(), **options)


def test_several_splits_are_refused():
    with pytest.raises(isthmus.InputError, match="one split\n     got 2: x, y"):
        isthmus.curvature(MLP.build, MLP.weights(0), MLP.weights(1), {"x": MLP.data(), "y": MLP.data()})


@pytest.mark.filterwarnings("ignore:a and b hold the same weights")
def test_identical_networks_rise_nowhere_and_have_no_rank_correlation():
    a = MLP.weights(0)
    study = isthmus.curvature(MLP.build, a, dict(a), MLP.data())
    for name in ("slope", "curvature", "predicted_rise", "measured_rise", "random_rise", "measured_full_excess"):
        assert (study[name] == 0).all(), name
    assert np.isnan(study.attrs["rank_correlation"])


def test_one_host_is_one_row():
    study = isthmus.curvature(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(), hosts=("b",), num_probes=1)
    assert list(study.host.values) == ["b"]
    assert study.attrs["num_compared"] == study.sizes["moving"] - 1
    assert np.isnan(study.hessian_trace_error).all()


def test_rank_correlation_counts_order_alone():
    x = np.array([0.1, 0.2, 30.0, 4.0])
    assert rank_correlation(x, np.exp(x)) == 1.0
    assert rank_correlation(x, -(x**3)) == -1.0
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])) == 0.5
    assert np.isnan(rank_correlation(x, np.ones(4)))
    assert np.isnan(rank_correlation(x, np.array([1.0, np.nan, 2.0, 3.0])))


class WithBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 4)
        self.register_buffer("shift", torch.zeros(6))

    def forward(self, x):
        return self.fc(x + self.shift)


def test_a_float_buffer_that_moves_is_named_under_every_policy():
    case = Case("with buffer", WithBuffer, (6,), 4)
    a, b = case.weights(0), case.weights(1) | {"shift": torch.ones(6)}
    with pytest.warns(isthmus.IsthmusWarning, match="also moves buffers, which the prediction does not: shift$"):
        isthmus.curvature(WithBuffer, a, b, case.data(), num_probes=0)


class Two(nn.Module):
    """An MLP that gives its scores, and their double."""

    def __init__(self):
        super().__init__()
        self.body = MLP.build()

    def forward(self, inputs):
        outputs = self.body(inputs)
        return outputs, 2 * outputs


def test_one_of_several_outputs_is_studied_and_tells_the_study_from_others():
    weights = [MLP.weights(seed) for seed in (0, 1)]
    inside = [{f"body.{key}": tensor for key, tensor in of.items()} for of in weights]
    asked = {"num_probes": 0, "dtype": "float64"}
    found = [isthmus.curvature(Two, *inside, MLP.data(), output=place, **asked) for place in ("0", "1")]
    plain = isthmus.curvature(MLP.build, *weights, MLP.data(), **asked)
    assert found[0].measured_rise.values == pytest.approx(plain.measured_rise.values, rel=1e-9)
    assert abs(found[1].measured_rise.values / plain.measured_rise.values - 1).min() > 1e-3
    assert json.loads(found[1].attrs["settings"])["output"] == "1"
    assert "output" not in json.loads(plain.attrs["settings"])
