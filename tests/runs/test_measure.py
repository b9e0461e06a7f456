"""`measure()` against an evaluation of twenty lines that shares nothing with it, and its promises."""

import copy
import json
import pickle
import warnings

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn
from torch.nn import functional

import isthmus

CNN = CASES[1]


@pytest.fixture(scope="module")
def pair():
    return CNN.weights(0), CNN.weights(1)


def independent_loss(a, b, layer, host, alpha, data):
    """The paper's way: a new network for every point, the moving layer's entries blended, one full forward pass."""
    near, far = (a, b) if host == "a" else (b, a)
    weights = {}
    for key, tensor in near.items():
        moves = layer == "all" or key.rpartition(".")[0] == layer
        weights[key] = (1 - alpha) * tensor + alpha * far[key] if moves else tensor
    model = CNN.build()
    model.load_state_dict(weights)
    with torch.no_grad():
        outputs = model.eval()(data[0])
    losses = functional.cross_entropy(outputs, data[1], reduction="none")
    return losses.double().mean().item(), (outputs.argmax(1) != data[1]).double().mean().item()


def test_every_cell_agrees_with_an_independent_evaluation(pair):
    data = CNN.data(20)
    result = isthmus.measure(CNN.build, *pair, data, alphas=(0.0, 0.3, 0.5, 1.0), batch_size=7)
    for host in ("a", "b"):
        ends = [independent_loss(*pair, "all", host, alpha, data) for alpha in (0.0, 1.0)]
        for moving in result.moving.values:
            excess = []
            for alpha in result.alpha.values:
                loss, error = independent_loss(*pair, moving, host, alpha, data)
                cell = result.sel(host=host, moving=moving, alpha=alpha)
                assert abs(float(cell.loss) - loss) < 1e-5, (host, moving, alpha)
                assert float(cell.error_rate) == error, (host, moving, alpha)
                excess.append(loss - (ends[0][0] + ends[1][0]) / 2)
            assert abs(float(result.loss_barrier.sel(host=host, moving=moving)) - max(excess)) < 1e-5


def test_the_result_has_the_dimensions_and_names_that_the_design_fixes(pair):
    result = isthmus.measure(CNN.build, *pair, CNN.data(), alphas=3)
    assert result.loss.dims == ("host", "moving", "alpha")
    assert result.alpha.values.tolist() == [0.0, 0.5, 1.0]
    assert result.moving.values[0] == "all"
    assert result.sweep.values.tolist() == ["full", *["single"] * 7]
    names = {
        "loss",
        "error_rate",
        "loss_excess",
        "error_excess",
        "num_examples",
        "loss_a",
        "loss_b",
        "error_a",
        "error_b",
    }
    for quantity in ("loss", "error"):
        barrier = f"{quantity}_barrier"
        names |= {barrier, f"{barrier}_low", f"{barrier}_high", f"alpha_at_{barrier}"}
    assert names <= set(result.data_vars)
    for name in ("isthmus_version", "hash_a", "hash_b", "data_hash", "layer_rule", "loss", "baseline", "batch_norm",
                 "dtype", "device", "engine", "seed", "num_examples", "interval_target"):  # fmt: skip
        assert name in result.attrs
    assert result.attrs["interval_target"] == "distribution"
    assert all(check["passed"] for check in json.loads(result.attrs["self_checks"]))


def test_inputs_are_never_changed_and_the_global_random_state_is_not_used(pair):
    a, b = (copy.deepcopy(dict(weights)) for weights in pair)
    inputs, targets = CNN.data()
    model = CNN.build().train()
    before = [t.clone() for t in (*a.values(), *b.values(), inputs, targets, *model.state_dict().values())]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    isthmus.measure(model, a, b, (inputs, targets), alphas=3)
    assert torch.equal(torch.rand(1), expected)
    after = (*a.values(), *b.values(), inputs, targets, *model.state_dict().values())
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))
    assert model.training


def test_the_loss_is_a_mean_over_examples_and_not_over_batches(pair):
    """Trap 1: 7 examples in batches of 5 and 2."""
    data = CNN.data(7)
    result = isthmus.measure(CNN.build, *pair, data, batch_size=5)
    np.testing.assert_allclose(float(result.loss_a), independent_loss(*pair, "all", "a", 0.0, data)[0], rtol=1e-6)
    losses = isthmus.examples(result).loss_a
    assert abs(float((losses[:5].mean() + losses[5:].mean()) / 2) - float(result.loss_a)) > 1e-3


def test_number_of_points_changes_no_value(pair):
    few = isthmus.measure(CNN.build, *pair, CNN.data(), sweep="full")
    many = isthmus.measure(CNN.build, *pair, CNN.data(), alphas=5)
    np.testing.assert_array_equal(few.loss.sel(alpha=0.5, moving="all"), many.loss.sel(alpha=0.5, moving="all"))


def test_nan_weights_are_measured_and_shown_as_nan_with_a_warning(pair):
    a, b = pair
    broken = a | {"fc.bias": torch.full_like(a["fc.bias"], float("nan"))}
    with pytest.warns(isthmus.IsthmusWarning, match=r"NaN or infinite weights in fc\.bias"):
        result = isthmus.measure(CNN.build, broken, b, CNN.data())
    into_b = result.sel(host="b")
    assert np.isnan(float(into_b.loss.sel(moving="fc", alpha=0.5)))
    assert np.isfinite(float(into_b.loss.sel(moving="conv1", alpha=0.5)))
    assert np.isnan(float(into_b.loss_barrier.sel(moving="conv1")))  # its baseline holds network a
    assert float(into_b.error_rate.sel(moving="fc", alpha=0.5)) == 1.0
    assert "NaN" in result.attrs["warnings"]


def test_the_same_weights_twice_are_noticed(pair):
    """Trap 3."""
    with pytest.warns(isthmus.IsthmusWarning, match="the same weights"):
        isthmus.measure(CNN.build, pair[0], pair[0], CNN.data(), sweep="full")


def test_parameters_without_gradients_and_root_parameters_move_too():
    """Left out in silence by others: requires_grad=False, class tokens."""

    class Rooted(nn.Module):
        def __init__(self):
            super().__init__()
            self.cls_token = nn.Parameter(torch.zeros(4), requires_grad=False)
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x + self.cls_token)

    weights = [{"cls_token": torch.randn(4), "fc.weight": torch.randn(3, 4), "fc.bias": torch.zeros(3)} for _ in "ab"]
    result = isthmus.measure(Rooted, *weights, (torch.randn(9, 4), torch.zeros(9, dtype=torch.long)))
    assert result.moving.values.tolist() == ["all", "cls_token", "fc"]
    assert float(result.loss.sel(host="a", moving="cls_token")[0]) != float(result.loss_a)


def test_a_custom_loss_is_used_and_named(pair):
    def twice(outputs, targets):
        return 2 * functional.cross_entropy(outputs, targets, reduction="none")

    plain = isthmus.measure(CNN.build, *pair, CNN.data(), sweep="full")
    doubled = isthmus.measure(CNN.build, *pair, CNN.data(), sweep="full", loss=twice)
    np.testing.assert_allclose(doubled.loss.values, 2 * plain.loss.values, rtol=1e-6)
    assert "twice" in doubled.attrs["loss"]
    assert doubled.attrs["run_id"] != plain.attrs["run_id"]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("bfloat16", 0.05)])
def test_other_arithmetic_is_near_float32(pair, dtype, tolerance):
    plain = isthmus.measure(CNN.build, *pair, CNN.data())
    other = isthmus.measure(CNN.build, *pair, CNN.data(), dtype=dtype)
    assert 0 < float(abs(other.loss - plain.loss).max()) < tolerance


def test_half_precision_checkpoints_are_measured_in_float32(pair):
    halves = [{key: tensor.half() for key, tensor in weights.items()} for weights in pair]
    floats = [{key: tensor.float() for key, tensor in weights.items()} for weights in halves]
    found = isthmus.measure(CNN.build, *halves, CNN.data())
    np.testing.assert_array_equal(found.loss, isthmus.measure(CNN.build, *floats, CNN.data()).loss)


def test_every_summary_follows_from_the_examples_and_baselines_can_be_changed_afterwards(pair):
    data = CNN.data(15)
    result = isthmus.measure(CNN.build, *pair, data, alphas=(0.0, 0.5, 1.0))
    found = isthmus.examples(result)
    np.testing.assert_allclose(found.loss.mean("example"), result.loss, rtol=1e-6)
    np.testing.assert_array_equal(found.target, data[1])
    excess = found.loss.astype(float) - (found.loss_a.astype(float) + found.loss_b.astype(float)) / 2
    np.testing.assert_allclose(excess.mean("example"), result.loss_excess, atol=1e-12)
    for baseline in ("chord", "cut"):
        fresh = isthmus.measure(CNN.build, *pair, data, alphas=(0.0, 0.5, 1.0), baseline=baseline)
        again = isthmus.barrier(result, baseline=baseline)
        np.testing.assert_array_equal(again.loss_barrier, fresh.loss_barrier)
        np.testing.assert_array_equal(again.error_barrier_high, fresh.error_barrier_high)
    midpoint = isthmus.measure(CNN.build, *pair, data)
    with pytest.raises(isthmus.InputError, match="far end"):
        isthmus.barrier(midpoint, baseline="cut")
    with pytest.raises(isthmus.InputError, match="Did you mean 'chord'"):
        isthmus.barrier(midpoint, baseline="cord")


def test_a_result_whose_examples_are_gone_is_refused(pair):
    kept = isthmus.measure(CNN.build, *pair, CNN.data(), sweep="full")
    with pytest.raises(isthmus.InputError, match="out=FOLDER"):
        isthmus.examples(pickle.loads(pickle.dumps(kept)))


def test_classes_are_barriers_on_their_own_examples(pair):
    inputs, targets = CNN.data(40)
    result = isthmus.measure(CNN.build, *pair, (inputs, targets))
    classes = isthmus.class_barriers(result)
    label = int(targets[0])
    alone = isthmus.measure(CNN.build, *pair, (inputs[targets == label], targets[targets == label]))
    np.testing.assert_allclose(classes.loss_barrier.sel(label=label), alone.loss_barrier, rtol=1e-4)
    assert classes.num_examples.sel(label=label, host="a", moving="all") == int((targets == label).sum())


def test_definition_three_is_answered_from_the_errors_of_single_layers(pair):
    a, b = pair
    near = {key: tensor + 1e-4 * torch.randn_like(tensor) for key, tensor in a.items()}
    many = CNN.data(600)
    result = isthmus.measure(CNN.build, a, near, many)
    assert isthmus.is_layerwise_connected(result, threshold=0.05) == "connected"
    assert isthmus.is_layerwise_connected(result, threshold=0.0) == "undecided"
    far = isthmus.measure(CNN.build, a, b, many)
    largest = float(far.error_barrier_low.sel(moving=far["sweep"] == "single").max())
    if largest > 0.03:
        assert isthmus.is_layerwise_connected(far, threshold=0.0) == "not"
    with pytest.warns(isthmus.IsthmusWarning, match="the same weights"):
        same = isthmus.measure(CNN.build, a, a, many)
    assert isthmus.is_layerwise_connected(same, threshold=0.0) == "connected"
    with pytest.raises(isthmus.InputError, match="fraction"):
        isthmus.is_layerwise_connected(result, threshold=2)
    with pytest.raises(isthmus.InputError, match="single-layer sweep"):
        isthmus.is_layerwise_connected(isthmus.measure(CNN.build, a, b, many, sweep="full"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alphas": 1}, "count of 2 to 100,000"),
        ({"alphas": ()}, "finite numbers"),
        ({"alphas": (0.5, 0.5)}, "finite numbers"),
        ({"alphas": (0.5, float("nan"))}, "finite numbers"),
        ({"alphas": True}, "finite numbers"),
        ({"hosts": ("c",)}, "--hosts"),
        ({"hosts": ()}, "host"),
        ({"baseline": "model"}, "--baseline"),
        ({"dtype": "float8"}, "--dtype"),
        ({"device": "gpu0"}, "--device"),
        ({"batch_size": 0}, "--batch-size"),
        ({"layers": "modules"}, "Did you mean 'module'"),
        ({"sweep": "singles"}, "Did you mean 'single'"),
        ({"recalibration_data": "digits"}, "only with batch_norm"),
    ],
)
def test_wrong_settings_are_refused_by_name(pair, wrong, words):
    with pytest.raises(isthmus.InputError, match=words):
        isthmus.measure(CNN.build, *pair, CNN.data(), **wrong)


@pytest.mark.parametrize("weights", [None, {}, {"x": 1}, 3])
def test_what_is_no_network_is_refused(pair, weights):
    with pytest.raises(isthmus.InputError, match="state dict"):
        isthmus.measure(CNN.build, weights, pair[1], CNN.data())
    with pytest.raises(isthmus.InputError, match="module"):
        isthmus.measure(CNN.build if weights else 7, *pair, CNN.data()) if not weights else isthmus.measure(
            lambda: weights, *pair, CNN.data()
        )


def test_counters_that_differ_are_no_obstacle():
    case = CASES[2]
    a, b = case.weights(3), case.weights(8)
    assert a["bn1.num_batches_tracked"] != b["bn1.num_batches_tracked"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = isthmus.measure(case.build, a, b, case.data(), sweep="full")
    assert np.isfinite(result.loss.values).all()


def test_files_of_one_name_are_told_apart_by_their_folders_and_no_path_is_stored(pair, tmp_path):
    for weights, folder in zip(pair, ("here", "there"), strict=True):
        isthmus.save_weights(weights, tmp_path / folder / "20ep.safetensors")
    files = [tmp_path / folder / "20ep.safetensors" for folder in ("here", "there")]
    result = isthmus.measure(CNN.build, *files, CNN.data(), sweep="full")
    assert (result.attrs["name_a"], result.attrs["name_b"]) == ("here/20ep.safetensors", "there/20ep.safetensors")
    alone = isthmus.measure(CNN.build, files[0], pair[1], CNN.data(), sweep="full")
    assert alone.attrs["name_a"] == "20ep.safetensors"
    assert alone.attrs["run_id"] == result.attrs["run_id"]
    assert str(tmp_path) not in str(result.attrs)
