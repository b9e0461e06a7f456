"""Features, predictions and weights of two networks: laws, closed forms, refusals."""

import json
import math

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES, Case
from safetensors.torch import save_file
from scipy.stats import binomtest
from torch import nn

import isthmus
from isthmus.measures.intervals.interval import mean_band
from isthmus.questions.similarity.agreement import agreement

MLP, CNN = CASES[0], CASES[1]
RESNET = next(case for case in CASES if case.name == "resnet18")


def studied(case, a, b, n=20, **options):
    return isthmus.similarity(case.build, a, b, case.data(n), **options)


@pytest.mark.filterwarnings("ignore:a and b hold the same weights")
@pytest.mark.parametrize("case", [MLP, RESNET], ids=lambda case: case.name)
def test_identical_networks_are_alike_in_everything(case):
    a = case.weights(0)
    study = studied(case, a, dict(a), alphas=(0.3, 0.5))
    assert (study.network_dissimilarity == 0).all()
    assert (study.blend_dissimilarity == 0).all()
    assert (study.agreement == 1).all()
    assert (study.agreement_high == 1).all()
    assert (study.distance == 0).all()
    np.testing.assert_allclose(study.cosine, 1, rtol=1e-12)


@pytest.mark.parametrize("case", [MLP, CNN, RESNET], ids=lambda case: case.name)
def test_at_alpha_0_and_1_the_blend_is_the_networks_themselves(case):
    study = studied(case, case.weights(0), case.weights(1), n=6, alphas=(0.0, 0.5, 1.0))
    assert (study.blend_dissimilarity.sel(alpha=[0.0, 1.0]) < 1e-12).all()
    assert study.agreement.sel(compared="blend-a", alpha=0.0) == 1
    assert study.agreement.sel(compared="blend-b", alpha=1.0) == 1
    assert study["layer"].values[0] == "all"
    assert (study.feature_status[1:] == "own").mean() > 0.5


def test_the_features_of_the_whole_network_are_its_outputs():
    a, b = MLP.weights(0), MLP.weights(1)
    study = studied(MLP, a, b, alphas=(0.4,))
    inputs, _ = MLP.data(20)
    blend = {key: torch.lerp(a[key], b[key], 0.4) for key in a}
    with torch.no_grad():
        of_a, of_b, of_blend = (
            torch.func.functional_call(MLP.build(), weights, (inputs,)).double() for weights in (a, b, blend)
        )
    cos = nn.functional.cosine_similarity
    expected = 1 - cos(of_blend, 0.6 * of_a + 0.4 * of_b)
    np.testing.assert_allclose(float(study.blend_dissimilarity[0, 0]), expected.mean().item(), rtol=1e-4)
    between = 1 - cos(of_a, of_b)
    np.testing.assert_allclose(float(study.network_dissimilarity[0]), between.mean().item(), rtol=1e-4)
    half = (study.network_dissimilarity_high[0] - study.network_dissimilarity_low[0]).item() / 2
    (low,), (high,) = mean_band(between.numpy()[None], 2.093024)  # Student's quantile of 19 degrees
    assert half == pytest.approx((high - low) / 2, rel=1e-4)
    assert half == pytest.approx(2.093024 * between.std().item() / math.sqrt(20), rel=2e-2)  # hardly any skewness
    same = (of_a.argmax(1) == of_b.argmax(1)).double().mean().item()
    assert (study.agreement.sel(compared="a-b") == same).all()


def test_exchanging_the_networks_changes_nothing_but_the_names():
    a, b = CNN.weights(0), CNN.weights(1)
    one, other = studied(CNN, a, b), studied(CNN, b, a)
    np.testing.assert_allclose(one.blend_dissimilarity, other.blend_dissimilarity, rtol=1e-9)
    np.testing.assert_array_equal(one.network_dissimilarity, other.network_dissimilarity)
    swapped = other.agreement.sel(compared=["a-b", "blend-b", "blend-a"])
    np.testing.assert_array_equal(one.agreement.values, swapped.values)


def test_the_batch_size_changes_nothing_beyond_rounding():
    a, b = CNN.weights(0), CNN.weights(1)
    whole, parts = (studied(CNN, a, b, batch_size=n, dtype="float64") for n in (20, 7))
    for name in ("blend_dissimilarity", "network_dissimilarity_low", "agreement", "distance"):
        np.testing.assert_allclose(whole[name], parts[name], rtol=1e-9)


def test_the_angle_at_the_branching_point_is_that_of_the_two_ways():
    start = {"weight": torch.full((2, 2), 5.0), "bias": torch.zeros(2)}
    a = {"weight": start["weight"] + torch.tensor([[1.0, 0.0], [0.0, 0.0]]), "bias": torch.zeros(2)}
    b = {"weight": start["weight"] + torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([0.0, 1.0])}
    case = Case("linear", lambda: nn.Linear(2, 2), (2,), 2)
    study = studied(case, a, b, initial_a=start, initial_b=dict(start), layers="tensor")
    assert float(study.branch_cosine.sel(layer="weight")) == pytest.approx(0.6)
    assert float(study.branch_cosine.sel(layer="all")) == pytest.approx(3 / math.sqrt(26))
    assert float(study.branch_angle_degrees.sel(layer="all")) == pytest.approx(
        math.degrees(math.acos(3 / math.sqrt(26)))
    )
    assert np.isnan(study.branch_cosine.sel(layer="bias"))
    from_start = study.distance_from_initial.sel(layer="weight")
    np.testing.assert_allclose(from_start.sel(network=["a", "b"]), [1.0, 5.0])
    assert str(study.cosine_status.sel(layer="bias").item()) == "undefined: zero vector in a"


def test_without_a_common_start_there_is_no_angle_and_an_unknown_start_is_nan(tmp_path):
    a, b = MLP.weights(0), MLP.weights(1)
    save_file(MLP.weights(2), tmp_path / "start.safetensors")
    study = studied(MLP, a, b, initial_a=tmp_path / "start.safetensors")
    assert "branch_cosine" not in study
    assert np.isnan(study.distance_from_initial.sel(network="b")).all()
    expected = sum(((a[k] - MLP.weights(2)[k]).double() ** 2).sum().item() for k in a) ** 0.5
    assert float(study.distance_from_initial.sel(network="a", layer="all")) == pytest.approx(expected)
    assert "branch_cosine" not in studied(MLP, a, b, initial_a=MLP.weights(2), initial_b=MLP.weights(3))
    assert "distance_from_initial" not in studied(MLP, a, b)


def test_initial_weights_of_another_network_are_refused():
    with pytest.raises(isthmus.InputError, match="keys and shapes of the model") as raised:
        studied(MLP, MLP.weights(0), MLP.weights(1), initial_a=CNN.weights(0))
    assert "initial a" in str(raised.value)


class DecidesByData(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 10)

    def forward(self, x):
        hidden = self.first(x)
        return self.last(hidden.relu() if hidden[0, 0] == 7 else hidden.tanh())


def test_a_network_that_is_not_cut_has_features_of_the_whole_alone_and_says_so():
    case = Case("decides", DecidesByData, (6,))
    with pytest.warns(isthmus.IsthmusWarning, match="single stage"):
        study = studied(case, case.weights(0), case.weights(1))
    assert np.isnan(study.blend_dissimilarity[1:]).all()
    assert float(study.blend_dissimilarity[0, 0]) > 0
    assert set(study.feature_status.values[1:]) == {"none: the network runs as a single stage"}
    assert "single stage" in study.attrs["engine_note"]


class Idle(nn.Module):
    """One layer that is not used, and one whose weights never meet an example."""

    def __init__(self):
        super().__init__()
        self.first, self.idle, self.last = nn.Linear(6, 6), nn.Linear(2, 2), nn.Linear(6, 10)

    def forward(self, x):
        return self.last(self.first(x).relu())


def test_a_layer_that_is_not_used_has_no_features():
    case = Case("idle", Idle, (6,))
    study = studied(case, case.weights(0), case.weights(1))
    assert "does not use" in str(study.feature_status.sel(layer="idle").item())
    assert np.isnan(study.network_dissimilarity.sel(layer="idle"))
    assert float(study.distance.sel(layer="idle")) > 0


class Dead(nn.Module):
    """The first layer hands on zeros for examples with a negative first entry."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 6, bias=False), nn.Linear(6, 10)

    def forward(self, x):
        return self.last(self.first(x * (x[:, :1] > 0)))


def test_examples_without_an_angle_are_left_out_and_counted():
    case = Case("dead", Dead, (6,))
    dead = (case.data(20)[0][:, 0] <= 0).numpy()
    study = studied(case, case.weights(0), case.weights(1), alphas=(0.25, 0.5))
    assert 0 < dead.sum() < 20
    first = study.sel(layer="first")
    assert first.network_dissimilarity_num_undefined == dead.sum()
    assert (first.blend_dissimilarity_num_undefined == dead.sum()).all()
    assert np.isfinite([first.network_dissimilarity, first.network_dissimilarity_high]).all()
    assert (study.network_dissimilarity_num_undefined.sel(layer=["all", "last"]) == 0).all()
    inputs, targets = case.data(20)
    alive = isthmus.similarity(Dead, case.weights(0), case.weights(1), (inputs[~dead], targets[~dead]))
    np.testing.assert_allclose(alive.network_dissimilarity.sel(layer="first"), first.network_dissimilarity, rtol=1e-6)


def test_statistics_are_blended_or_those_of_a():
    a, b = RESNET.weights(0), RESNET.weights(1)
    blended, kept = (studied(RESNET, a, b, n=6, batch_norm=policy) for policy in ("interpolate", "host"))
    assert (blended.network_dissimilarity == kept.network_dissimilarity).all()
    assert (blended.blend_dissimilarity != kept.blend_dissimilarity).any()


def test_a_loss_without_classes_has_no_agreement():
    inputs, _ = MLP.data(8)
    study = isthmus.similarity(
        MLP.build, MLP.weights(0), MLP.weights(1), (inputs, torch.randn(8, 10)),
        loss=lambda outputs, targets: ((outputs - targets) ** 2).sum(1),
    )  # fmt: skip
    assert "agreement" not in study


def test_the_interval_of_agreement_is_clopper_and_pearsons():
    x = np.eye(3)[np.zeros(10, dtype=int)]
    y = np.eye(3)[[0, 0, 0, 0, 0, 0, 0, 1, 2, 2]]
    found = agreement(x, y)
    expected = binomtest(7, 10).proportion_ci(0.95, method="exact")
    assert (found.value, found.low, found.high) == pytest.approx((0.7, expected.low, expected.high))
    assert (agreement(x, x).high, agreement(x, y[::-1] * 0 + np.eye(3)[1]).low) == (1.0, 0.0)
    y[0, 0] = np.nan
    assert agreement(x, y).value == 0.6


def test_a_study_is_saved_and_known_again(tmp_path):
    a, b = MLP.weights(0), MLP.weights(1)
    study = studied(MLP, a, b, out=tmp_path, initial_a=MLP.weights(2))
    xr.testing.assert_identical(isthmus.load_study(tmp_path), study)
    with pytest.raises(isthmus.InputError, match=r"another study: settings \(initial_a\) differ"):
        studied(MLP, a, b, out=tmp_path, initial_a=MLP.weights(3))
    assert json.loads(study.attrs["settings"])["alphas"] == [0.5]


def test_recalibration_is_refused():
    with pytest.raises(isthmus.InputError, match="expected interpolate or host"):
        studied(MLP, MLP.weights(0), MLP.weights(1), batch_norm="recalibrate")
