"""Loaded, checked, laid out: what each step makes, and what it refuses before the next begins."""

import pytest
import torch
from cases import CASES

import isthmus
from isthmus.evaluation.arithmetic.memory import most_bytes
from isthmus.evaluation.probe import SelfCheck
from isthmus.models.load import load_model
from isthmus.runs.request.request import request_of
from isthmus.runs.subject.checked import Checked, checks_of_all
from isthmus.runs.subject.loaded import Loaded
from isthmus.runs.subject.subject import layout_of, subject_of

MLP = CASES[0]
A, B = MLP.weights(0), MLP.weights(1)
INPUTS, TARGETS = MLP.data()


def asked(model=MLP.build, a=A, b=B, data=(INPUTS, TARGETS), **settings):
    return request_of(model, a, b, data, **settings)


def checked(request):
    return Checked.of(Loaded.of(request), request.settings)


class Counting(torch.nn.Module):
    """Another network whenever it runs."""

    def __init__(self):
        super().__init__()
        self.body, self.calls = MLP.build(), 0

    def forward(self, x):
        self.calls += 1
        return self.body(x) + self.calls


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"a": {"nothing": torch.zeros(2)}}, "missing"),
        ({"a": 3}, "a state dict of tensors or the path of a checkpoint"),
        ({"model": 3}, "a module, a function that builds one"),
        ({"loss": "cross_entorpy"}, "Did you mean 'cross_entropy'"),
        ({"data": {"one": (INPUTS, TARGETS), "two": (INPUTS[:, :5], TARGETS)}}, "examples of one shape in all splits"),
        ({"data": "nothing.npz"}, r"nothing\.npz"),
        ({"device": "tpu9"}, "--device"),
    ],
    ids=str,
)
def test_loading_refuses_what_is_not_there_or_does_not_belong_together(wrong, words):
    with pytest.raises(isthmus.InputError, match=words):
        Loaded.of(asked(**wrong))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"data": (INPUTS[:, :5], TARGETS)}, r"inputs of shape \(12, 5\)"),
        ({"data": (INPUTS, TARGETS + 9)}, "targets from 0 to 9"),
        ({"batch_norm": "recalibrate", "recalibration_data": (INPUTS, TARGETS)}, "share"),
        ({"model": Counting(), "a": Counting().state_dict(), "b": Counting().state_dict()}, "the same outputs"),
    ],
    ids=["shape", "targets", "shared", "counting"],
)
def test_checking_refuses_what_loads_and_could_only_give_wrong_numbers(wrong, words):
    request = asked(**wrong)
    loaded = Loaded.of(request)
    with pytest.raises(isthmus.InputError, match=words):
        Checked.of(loaded, request.settings)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layers": "modlue"}, "Did you mean 'module'"),
        ({"layers": isthmus.LayerPartition({"x": ("hidden.weight",)})}, "layer"),
        ({"sweep": "window:9"}, "window"),
        ({"sweep": "cumulative:given:nothing"}, "a layer"),
    ],
    ids=str,
)
def test_laying_out_refuses_layers_and_sweeps_that_are_none_of_this_network(wrong, words):
    request = asked(**wrong)
    loaded = Loaded.of(request)
    found = Checked.of(loaded, request.settings)
    with pytest.raises(isthmus.InputError, match=words):
        layout_of(loaded, found, request)


def test_the_steps_lead_to_the_subject_and_leave_the_inputs_as_they_are():
    before = {key: tensor.clone() for key, tensor in A.items()}
    subject = subject_of(asked(sweep="pairs", alphas=3))
    assert (subject.a.name, subject.b.name, list(subject.splits)) == ("a", "b", ["data"])
    assert len(subject.distances) == len(subject.grid.groups)
    assert len(subject.points) == subject.grid.num_points
    assert all(check.passed for check in subject.checks)
    assert all(torch.equal(A[key], tensor) for key, tensor in before.items())


@pytest.mark.parametrize("failing", ["one", "two", "three"])
def test_a_check_that_failed_on_any_split_has_failed_with_every_splits_words(failing):
    found = {name: [SelfCheck("fits", name != failing, f"words of {name}")] for name in ("one", "two", "three")}
    (check,) = checks_of_all(found)
    assert not check.passed
    assert check.detail == "one: words of one; two: words of two; three: words of three"


def test_a_failed_check_of_an_earlier_split_stays_failed_after_a_later_one(monkeypatch):
    from isthmus.runs.subject import checked as step

    probe = step.probe_of

    def failing_on_the_first(network, weights, examples):
        found = probe(network, weights, examples)
        found.checks.append(SelfCheck("of this test", len(examples) != 12, "seen"))
        return found

    monkeypatch.setattr(step, "probe_of", failing_on_the_first)
    data = {"one": (INPUTS, TARGETS), "two": (INPUTS[:5], TARGETS[:5])}
    (check,) = [check for check in checked(asked(data=data)).checks if check.check == "of this test"]
    assert (check.passed, check.detail) == (False, "one: seen; two: seen")


def test_the_network_that_runs_lies_in_the_memory_of_network_a_and_the_model_beside_it_takes_none():
    model = MLP.build()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for given, is_ours in ((model, False), ("mlp:inputs=12,width=7,classes=10", True)):
        subject = subject_of(asked(given))
        for key, tensor in subject.network.module.state_dict().items():
            assert tensor.data_ptr() == subject.a.weights[key].data_ptr(), key
        assert all(parameter.is_meta == is_ours for parameter in subject.model.module.parameters())
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_networks_in_half_precision_are_held_as_their_files_hold_them():
    a, b = ({key: tensor.to(torch.bfloat16) for key, tensor in weights.items()} for weights in (A, B))
    subject = subject_of(asked(a=a, b=b, dtype="bfloat16"))
    segment = subject.segment
    at_a = segment.weights(segment.point("a", (), 0.0), torch.bfloat16)
    for key, tensor in subject.network.module.state_dict().items():
        assert tensor.data_ptr() == at_a[key].data_ptr() == subject.a.weights[key].data_ptr(), key
    middle = segment.weights(segment.point("a", tuple(segment.layers), 0.5), torch.bfloat16)
    for key, tensor in middle.items():
        assert torch.equal(
            tensor, torch.lerp(*(w[key].float() for w in (segment.first, segment.second)), 0.5).bfloat16()
        )


def test_a_pair_in_half_precision_is_checked_without_a_float32_copy_of_a_network():
    spec = "mlp:inputs=64,width=64,hidden=16,classes=10"
    pair = []
    for seed in range(2):
        torch.manual_seed(seed)
        pair.append({key: tensor.to(torch.bfloat16) for key, tensor in load_model(spec).state_dict().items()})
    inputs, targets = torch.randn(8, 64), torch.arange(8)
    network = sum(tensor.nbytes for tensor in pair[0].values())
    most = most_bytes(lambda: subject_of(asked(spec, *pair, (inputs, targets), dtype="bfloat16")))
    assert most < 1.5 * network  # a copy that is loaded in the ordinary way, and a layer in float32
