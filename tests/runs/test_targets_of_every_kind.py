"""Targets of every kind and type, against losses and errors computed in a bare loop."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.results.units import loss_unit

N = 24


def net(outputs):
    return lambda: nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, outputs))


def weights(build, seed):
    torch.manual_seed(seed)
    return {key: tensor.double() for key, tensor in build().state_dict().items()}


def data(outputs):
    generator = torch.Generator().manual_seed(5)
    return torch.randn((N, 6), generator=generator), torch.rand((N, outputs), generator=generator)


def plain_outputs(build, alpha):
    """Of the full blend, by loading it."""
    a, b = weights(build, 0), weights(build, 1)
    model = build().double()
    model.load_state_dict({key: torch.lerp(a[key], b[key], alpha) for key in a})
    return model(data(1)[0].double()).detach()


def measured(build, targets, **options):
    inputs, _ = data(1)
    return isthmus.measure(
        build, weights(build, 0), weights(build, 1), (inputs, targets), dtype="float64", batch_size=7, **options
    )


@pytest.mark.parametrize("engine", ["shared", "direct"])
@pytest.mark.parametrize(
    ("labels", "shape", "dtype"),
    [(1, (N,), torch.int64), (1, (N, 1), torch.float32), (1, (N,), torch.bool), (4, (N, 4), torch.uint8)],
)
def test_one_and_several_labels_have_the_losses_and_errors_of_a_bare_loop(labels, shape, dtype, engine):
    build = net(labels)
    targets = (data(labels)[1] > 0.5).view(shape).to(dtype)
    result = measured(build, targets, loss="binary_cross_entropy", engine=engine)
    full = result.sel(host="a", moving="all", alpha=0.5)
    outputs, wanted = plain_outputs(build, 0.5), targets.view(N, labels).double()
    loss = functional.binary_cross_entropy_with_logits(outputs, wanted)
    wrong = ((outputs > 0).double() != wanted).double().mean()
    assert float(full.loss) == pytest.approx(float(loss), abs=1e-12)
    assert float(full.error_rate) == pytest.approx(float(wrong), abs=1e-7)
    assert float(full.loss) != float(full.loss_a)
    assert loss_unit(result) == "nats per label"


def test_a_label_is_a_class_of_its_own_and_the_loss_is_convex_in_the_last_layer():
    build = net(1)
    targets = (data(1)[1] > 0.5).view(N).long()
    result = measured(build, targets, loss="binary_cross_entropy", alphas=5, baseline="cut")
    assert isthmus.class_barriers(result).label.values.tolist() == [0, 1]
    assert isthmus.last_layer_convexity(result).attrs["applies"] == 1


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_regression_is_refused_under_the_default_loss_and_right_under_the_squared_error(shape):
    build, targets = net(1), data(1)[1].view(shape)
    with pytest.raises(isthmus.InputError, match=r"squared_error(.|\n)*binary_cross_entropy(.|\n)*file.py:function"):
        measured(build, targets)
    result = measured(build, targets, loss="squared_error")
    expected = (plain_outputs(build, 0.5)[:, 0] - targets.view(N).double()).square().mean()
    assert float(result.loss.sel(host="a", moving="all").item()) == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize(
    "dtype", [torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64]
)
def test_whole_numbers_of_any_type_are_class_numbers(dtype, tmp_path):
    build = net(3)
    targets = torch.arange(N) % 3
    expected, result = measured(build, targets), measured(build, targets.to(dtype))
    for name in ("loss", "error_rate", "loss_barrier_high", "error_barrier_low"):
        assert expected[name].equals(result[name]), name
    assert isthmus.class_barriers(result).label.values.tolist() == [0, 1, 2]
    inputs, _ = data(1)
    np.savez(tmp_path / "own.npz", inputs=inputs.numpy(), targets=targets.to(dtype).numpy())
    sliced = isthmus.measure(build, weights(build, 0), weights(build, 1), f"{tmp_path}/own.npz[0:12]", precision=9.0)
    drawn = isthmus.examples(sliced)
    assert drawn.target.values.tolist() == targets[drawn.example.values.tolist()].tolist()


def test_shares_of_classes_are_taken_as_they_are():
    build = net(3)
    shares = torch.softmax(data(3)[1] * 4, dim=1)
    result = measured(build, shares)
    expected = -(shares.double() * plain_outputs(build, 0.5).log_softmax(1)).sum(1).mean()
    assert float(result.loss.sel(host="a", moving="all").item()) == pytest.approx(float(expected), abs=1e-12)
    assert "error_rate" not in result


def test_a_loss_of_the_users_may_ignore_classes_and_then_no_errors_are_counted():
    build = net(3)
    targets = torch.where(torch.arange(N) % 4 > 0, torch.arange(N) % 3, -100)
    with pytest.raises(isthmus.InputError, match=r"none in row 0 \(\d+ such rows\)(.|\n)*leave these examples out"):
        measured(build, targets)

    def ignoring(outputs, targets):
        return functional.cross_entropy(outputs, targets, reduction="none", ignore_index=-100)

    with pytest.warns(isthmus.IsthmusWarning, match="no errors are counted"):
        result = measured(build, targets, loss=ignoring)
    known = targets >= 0
    losses = functional.cross_entropy(plain_outputs(build, 0.5)[known], targets[known], reduction="none")
    assert float(result.loss.sel(host="a", moving="all").item()) == pytest.approx(float(losses.sum() / N), abs=1e-12)
    assert "error_rate" not in result
    assert any("no errors" in warning for warning in result_warnings(result))


def result_warnings(result):
    return json.loads(result.attrs["warnings"])


def test_what_is_warned_of_is_recorded_in_the_run():
    build = net(3)
    soft = lambda: nn.Sequential(*build(), nn.Softmax(1))  # noqa: E731
    inputs, _ = data(1)
    with pytest.warns(isthmus.IsthmusWarning, match="as if it ended in softmax"):
        result = isthmus.measure(soft, weights(soft, 0), weights(soft, 1), (inputs, torch.arange(N) % 3))
    assert any("softmax" in warning for warning in result_warnings(result))


@pytest.mark.parametrize("study", ["curvature", "similarity", "subspace", "collection", "recalibration"])
def test_every_command_that_evaluates_refuses_targets_that_do_not_fit(study, tmp_path):
    build, (inputs, targets) = net(1), data(1)
    a, b = weights(build, 0), weights(build, 1)
    for name, state in (("a", a), ("b", b)):
        (tmp_path / name).mkdir()
        save_file(state, tmp_path / name / "0ep.safetensors")
    calls = {
        "curvature": lambda: isthmus.curvature(build, a, b, (inputs, targets)),
        "similarity": lambda: isthmus.similarity(build, a, b, (inputs, targets)),
        "subspace": lambda: isthmus.subspace_noise(build, tmp_path / "a", tmp_path / "b", (inputs, targets)),
        "collection": lambda: isthmus.measure(build, {"x": a, "y": b}, None, (inputs, targets)),
        "recalibration": lambda: isthmus.measure(
            build, a, b, (inputs, targets), batch_norm="recalibrate", recalibration_data=(inputs + 1, targets)
        ),
    }
    with pytest.raises(isthmus.InputError, match="choose the loss that fits"):
        calls[study]()


def test_missing_inputs_among_the_recalibration_data_are_refused():
    def build():
        return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))

    inputs, _ = data(1)
    missing = (inputs + 1).index_fill(0, torch.tensor([4]), float("nan"))
    options = {"batch_norm": "recalibrate", "recalibration_data": (missing, torch.arange(N) % 3)}
    with pytest.raises(isthmus.InputError, match="the first is number 4"):
        measured(build, torch.arange(N) % 3, **options)
