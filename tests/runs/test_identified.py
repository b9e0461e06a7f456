"""Runs are told apart by what they are of; what can't be told apart doesn't go on."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.models.load import load_model
from isthmus.pages.tables import settings_rows
from isthmus.sweeps.group import MovingGroup

MLP, CNN, RESNET = CASES[:3]
STORED = Path(__file__).parents[1] / "stored" / "0.1.0"


class Net(nn.Module):
    def __init__(self, times=1.0, mask=1.0):
        super().__init__()
        self.hidden, self.out, self.times = nn.Linear(12, 6), nn.Linear(6, 10), times
        self.register_buffer("mask", torch.full((6,), mask), persistent=False)

    def forward(self, inputs):
        return self.out(self.hidden(inputs).relu() * self.mask) * self.times


def scaled(times):
    def loss(outputs, targets):
        return times * functional.cross_entropy(outputs, targets, reduction="none")

    return loss


def measured(model="mlp:inputs=12,width=7,classes=10", **options):
    a, b = (MLP.weights(seed) for seed in (0, 1))
    if isinstance(model, nn.Module):
        torch.manual_seed(0)
        a, b = Net().state_dict(), Net().state_dict()
    return isthmus.measure(model, a, b, MLP.data(), **({"sweep": "full"} | options))


def run_id(**options):
    return measured(**options).attrs["run_id"]


def test_default_runs_of_named_networks_have_the_identity_that_they_always_had():
    """Inputs as in tests/stored/make.py."""
    model, random = "mlp:inputs=12,width=7,classes=10", torch.Generator().manual_seed(9)
    train, test = (
        (torch.randn(16, 12, generator=random), torch.randint(10, (16,), generator=random)) for _ in range(2)
    )
    shapes = load_model(model).state_dict().items()
    a, b = (
        {key: 0.5 * torch.randn(tensor.shape, generator=generator) for key, tensor in shapes}
        for generator in (torch.Generator().manual_seed(seed) for seed in range(2))
    )
    asked = ["single", "cumulative:shallow_first", "window:2", "pairs"]
    found = {
        "run": isthmus.measure(model, a, b, {"train": train, "test": test}, sweep=asked, alphas=3, directions=2),
        "run-auto": isthmus.measure(model, a, b, train, alphas="auto", baseline="chord"),
        "run-precision": isthmus.measure(model, a, b, train, precision=2.0),
    }
    for name, result in found.items():
        assert result.attrs["run_id"] == json.loads((STORED / name / "run.json").read_text())["run_id"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"loss": scaled(1.0)}, {"loss": scaled(2.0)}),
        (
            {"loss": nn.CrossEntropyLoss(reduction="none")},
            {"loss": nn.CrossEntropyLoss(reduction="none", weight=torch.arange(10.0))},
        ),
        ({"model": Net()}, {"model": Net(times=2.0)}),
        ({"model": Net()}, {"model": Net(mask=0.5)}),
        ({"seed": 0, "precision": 3.0}, {"seed": 1, "precision": 3.0}),
        ({"batch_size": 64}, {"batch_size": 32}),
        ({"engine": "shared"}, {"engine": "direct"}),
    ],
)
def test_measurements_that_differ_have_different_identities_and_one_is_not_resumed_as_the_other(one, other, tmp_path):
    result = measured(**one, out=tmp_path / "run")
    assert result.attrs["run_id"] == run_id(**one)
    assert result.attrs["run_id"] != run_id(**other)
    with pytest.raises(isthmus.InputError, match=r"(?s)existing run.*(the loss|the model|settings) differ"):
        measured(**other, out=tmp_path / "run", resume=True)
    again = measured(**one, out=tmp_path / "run", resume=True)
    assert again.attrs["run_id"] == result.attrs["run_id"]


@pytest.mark.parametrize("options", [{"seed": 7}, {"batch_size": 64}, {"device": "cpu"}])
def test_what_changes_nothing_does_not_tell_measurements_apart(options):
    """No chance in it, the batch size of the rule, and the device that there is."""
    assert run_id(**options) == run_id(**({"device": "auto"} if torch.cuda.is_available() else {}))


def test_a_run_goes_on_on_the_kind_of_device_that_it_began_on(tmp_path):
    measured(out=tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"device": "cuda:1", "complete": False}))
    with pytest.raises(isthmus.InputError, match=r"(?s)began on, cuda:1.*cpu.*--device cuda:1"):
        measured(out=tmp_path / "run", resume=True)


class Chosen:
    """A sweep of the user's own, under a name that says nothing."""

    name = "chosen"

    def __init__(self, *layers):
        self.layers = layers

    def groups(self, layers):
        return [MovingGroup(f"set{number}", (layer,), self.name) for number, layer in enumerate(self.layers)]


def test_own_sweeps_of_one_name_are_told_apart_by_their_groups(tmp_path):
    layers = ("hidden1", "hidden2")
    result = measured(sweep=Chosen(*layers), out=tmp_path / "run")
    assert result.attrs["run_id"] == run_id(sweep=Chosen(*layers))
    assert result.attrs["run_id"] != run_id(sweep=Chosen(*reversed(layers)))
    with pytest.raises(isthmus.InputError, match="groups of layers differ"):
        measured(sweep=Chosen(*reversed(layers)), out=tmp_path / "run", resume=True)


class Locked:
    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, outputs, targets):
        with self.lock:
            return functional.cross_entropy(outputs, targets, reduction="none")


REASON = r"loss\.lock \(lock\)"


def test_what_cannot_be_identified_is_measured_and_refused_for_resume_with_the_reason(tmp_path):
    with pytest.warns(isthmus.IsthmusWarning, match=f"can't go on: {REASON}"):
        result = measured(loss=Locked(), out=tmp_path / "run")
    np.testing.assert_array_equal(result.loss, measured().loss)
    assert json.loads(result.attrs["unidentified"]) == ["loss.lock (lock)"]
    stored = json.loads((tmp_path / "run" / "run.json").read_text())
    assert stored["unidentified"] == ["loss.lock (lock)"]
    assert any("can't go on" in text for text in stored["warnings"])
    for loss in (Locked(), "cross_entropy"):
        with pytest.raises(isthmus.InputError, match=f"(?s)can't be identified: {REASON}.*another --out"):
            measured(loss=loss, out=tmp_path / "run", resume=True)
    read = isthmus.load_run(tmp_path / "run")
    assert ("Cannot be told from others", "loss.lock (lock)") in settings_rows(read)
    assert isthmus.examples(read).sizes["example"] == 12
    assert len({result.attrs["run_id"], run_id(loss=Locked()), run_id(loss=Locked())}) == 3


def test_a_collection_says_what_cannot_be_identified_and_its_members_are_not_resumed(tmp_path):
    networks = {name: MLP.weights(seed) for seed, name in enumerate("xy")}
    with pytest.warns(isthmus.IsthmusWarning, match=f"x-y: .*{REASON}"):
        result = isthmus.measure(
            MLP.build, networks, None, MLP.data(), sweep="full", loss=Locked(), out=tmp_path / "run"
        )
    assert "loss.lock (lock)" in result.attrs["unidentified"]
    with pytest.raises(isthmus.InputError, match="can't be identified"):
        isthmus.measure(
            MLP.build, networks, None, MLP.data(), sweep="full", loss=Locked(), out=tmp_path / "run", resume=True
        )


def test_a_study_of_what_cannot_be_identified_is_not_written_over(tmp_path):
    a, b = (MLP.weights(seed) for seed in (0, 1))
    isthmus.curvature(MLP.build, a, b, MLP.data(), loss=Locked(), num_probes=0, out=tmp_path / "study")
    with pytest.raises(isthmus.InputError, match=f"(?s)of the existing study.*{REASON}"):
        isthmus.curvature(MLP.build, a, b, MLP.data(), loss=Locked(), num_probes=0, out=tmp_path / "study")
    isthmus.curvature(MLP.build, a, b, MLP.data(), loss=scaled(1.0), num_probes=0, out=tmp_path / "other")
    with pytest.raises(isthmus.InputError, match=r"another study: settings \(loss_hash\) differ"):
        isthmus.curvature(MLP.build, a, b, MLP.data(), loss=scaled(2.0), num_probes=0, out=tmp_path / "other")


def mean_loss(case, weights, data):
    """Of a network that is built and loaded in the ordinary way."""
    network = case.build()
    network.load_state_dict(weights)
    inputs, targets = data
    with torch.no_grad():
        outputs = network.eval()(inputs)
    wrong = (outputs.argmax(dim=1) != targets).double().mean()
    return float(functional.cross_entropy(outputs, targets)), float(wrong)


@pytest.mark.parametrize("precision", [None, 5.0])
def test_a_recalibrated_run_keeps_the_networks_as_stored(tmp_path, precision):
    a, b = (RESNET.weights(seed) for seed in (0, 1))
    data, seen = {"train": RESNET.data(8), "test": RESNET.data(6, seed=3)}, RESNET.data(16, seed=4)
    options = {"sweep": "full", "batch_norm": "recalibrate", "recalibration_data": seen, "precision": precision}
    result = isthmus.measure(RESNET.build, a, b, data, out=tmp_path / "run", **options)
    for name, weights in (("a", a), ("b", b)):
        for split, examples in data.items():
            loss, error = mean_loss(RESNET, weights, examples)
            assert json.loads(result.attrs[f"stored_loss_{name}"])[split] == pytest.approx(loss, rel=1e-5)
            assert json.loads(result.attrs[f"stored_error_{name}"])[split] == pytest.approx(error)
            assert abs(float(result[f"loss_{name}"].sel(split=split)) - loss) > 0.01, "recalibration does something"
    assert isthmus.load_run(tmp_path / "run").attrs == result.attrs
    one = isthmus.measure(RESNET.build, a, b, data["test"], **options)
    assert one.attrs["stored_loss_a"] == json.loads(result.attrs["stored_loss_a"])["test"]
    plain = isthmus.measure(RESNET.build, a, b, data["test"], sweep="full")
    assert "stored_loss_a" not in plain.attrs
    rows = dict(settings_rows(one))
    assert rows["Loss of a as stored, without recalibration"] == str(one.attrs["stored_loss_a"])
    assert rows["Engine"] == "direct"
    assert "engine" not in rows, "it is shown as it was, not as it was asked for"


def test_a_stored_network_that_is_not_finite_is_kept_as_such(tmp_path):
    a, b = (RESNET.weights(seed) for seed in (0, 1))
    a["bn1.running_var"].fill_(-1.0)
    options = {"sweep": "full", "batch_norm": "recalibrate", "recalibration_data": RESNET.data(16, seed=4)}
    result = isthmus.measure(RESNET.build, a, b, RESNET.data(), out=tmp_path / "run", **options)
    assert np.isfinite(result.loss_a)
    assert np.isnan(result.attrs["stored_loss_a"])
    assert np.isnan(isthmus.load_run(tmp_path / "run").attrs["stored_loss_a"])
    json.loads((tmp_path / "run" / "run.json").read_text(), parse_constant=pytest.fail)


def test_the_engine_is_recorded_as_it_was_and_not_as_it_was_asked_for():
    a, b = (RESNET.weights(seed) for seed in (0, 1))
    options = {"sweep": "full", "batch_norm": "recalibrate", "recalibration_data": RESNET.data(16, seed=4)}
    shared, direct = (
        isthmus.measure(RESNET.build, a, b, RESNET.data(), engine=e, **options) for e in ("shared", "direct")
    )
    assert shared.attrs["engine"] == direct.attrs["engine"] == "direct"
    assert shared.attrs["run_id"] == direct.attrs["run_id"]
    assert measured().attrs["engine"] == "shared"
    assert (measured().attrs["device"], measured().attrs["batch_size"]) == ("cpu", 64)


def test_a_check_that_fails_on_an_earlier_split_is_not_lost():
    model = "gpt:layers=1,width=8,heads=2,vocabulary=5,length=4"
    weights = []
    for seed in range(2):
        torch.manual_seed(seed)
        weights.append(load_model(model).state_dict())
    tokens = torch.randint(5, (6, 5), generator=torch.Generator().manual_seed(0))

    def text(names):
        return Examples(tokens[:, :-1], tokens[:, 1:], "text", "test", class_names=tuple(names))

    result = isthmus.measure(model, *weights, {"one": text("abcd"), "two": text("abcde")}, sweep="full")
    checks = {check["check"]: check for check in json.loads(result.attrs["self_checks"])}
    found = checks["the network has one output for every character"]
    assert not found["passed"]
    assert found["detail"] == "one: 4 characters, 5 outputs; two: 5 characters, 5 outputs"


class Drawn(Net):
    def __init__(self, seed=None):
        super().__init__()
        if seed is not None:
            torch.manual_seed(seed)
        self.order = torch.randperm(12)

    def forward(self, inputs):
        return super().forward(inputs[:, self.order])


def test_a_model_that_draws_what_no_checkpoint_holds_is_refused(recwarn):
    a, b = (Net().state_dict() for _ in range(2))
    with pytest.raises(InputError, match=r"draws model\.order anew, and no checkpoint holds it"):
        isthmus.measure(Drawn, a, b, MLP.data(), sweep="full")
    state = torch.random.get_rng_state()
    for fixed in (lambda: Drawn(seed=3), Drawn(seed=3), Net):
        result = isthmus.measure(fixed, a, b, MLP.data(), sweep="full")
        assert json.loads(result.attrs["warnings"]) == []
    torch.random.set_rng_state(state)
    Net()
    expected = torch.rand(1)
    torch.random.set_rng_state(state)
    isthmus.measure(Net, a, b, MLP.data(), sweep="full")
    assert torch.equal(torch.rand(1), expected), "building again to compare draws nothing from the user's generator"
