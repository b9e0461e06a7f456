"""Outputs come from the given weights and nothing else, or the model is refused; beside a loop of fresh copies."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from fresh_copies import INPUTS, TARGETS, TwoLayers, compare, loop, weights
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError
from isthmus.evaluation.network import Network
from isthmus.runs.request.inputs import named_loss
from isthmus.runs.subject.given_weights import written_keys
from isthmus.weights.state import tensors_of

pytestmark = pytest.mark.filterwarnings("ignore:engine shared. a single stage")


def closed_over_itself():
    network = TwoLayers()
    network.forward = lambda x: network.last(torch.tanh(network.first(x)))
    return network


class MergedInEval(nn.Module):
    """A low-rank layer that adds its factors to its weight in eval() and takes them off in train()."""

    def __init__(self):
        super().__init__()
        self.weight, self.down, self.up = (nn.Parameter(torch.randn(*shape)) for shape in ((8, 6), (2, 6), (8, 2)))
        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if mode == self.merged:
            sign = -1 if mode else 1
            self.weight.data += sign * self.up.data @ self.down.data
            self.merged = not mode
        return self

    def forward(self, x):
        return functional.linear(x, self.weight if self.merged else self.weight + self.up @ self.down)


class Cached(nn.Module):
    """The normalised weight, computed once in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.weight, self.kept = nn.Parameter(torch.randn(8, 6)), None

    def train(self, mode=True):
        self.kept = None
        return super().train(mode)

    def forward(self, x):
        if self.training or self.kept is None:
            self.kept = functional.normalize(self.weight, dim=1)
        return functional.linear(x, self.kept)


class DerivedOnLoading(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 6))
        self.register_load_state_dict_post_hook(lambda module, _: module.derive())
        self.derive()

    def derive(self):
        self.squared = self.weight.detach().square()

    def forward(self, x):
        return functional.linear(x, self.squared)


def above(layer):
    return lambda: nn.Sequential(layer(), nn.ReLU(), nn.Linear(8, 4))


@pytest.mark.parametrize("layer", [MergedInEval, Cached, DerivedOnLoading])
@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_what_a_network_derives_from_its_weights_is_derived_from_those_of_every_blend(layer, engine):
    compare(above(layer), warned="derives something from its weights", engine=engine)


class Clamped(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 6))

    def forward(self, x):
        with torch.no_grad():
            self.weight.clamp_(-0.3, 0.3)
        return functional.linear(x, self.weight)


class ClampedBehindTheScenes(Clamped):
    def forward(self, x):
        self.weight.data.clamp_(-0.3, 0.3)
        return functional.linear(x, self.weight)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 6))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        self.calls += 1
        return functional.linear(x, self.weight)


@pytest.mark.parametrize("layer", [Clamped, ClampedBehindTheScenes, Counting])
@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_a_forward_that_writes_to_weights_writes_to_copies(layer, engine):
    compare(above(layer), warned="the forward pass writes to", engine=engine)


class Renormed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Embedding(9, 8, max_norm=0.5), nn.Linear(8, 4)

    def forward(self, x):
        return self.last(self.first((x.abs() * 3).long().clamp(max=8)).mean(dim=1))


def test_an_embedding_with_a_largest_norm_is_measured_on_copies():
    compare(Renormed, warned="the forward pass writes to '?first.weight")


def test_a_function_whose_model_is_closed_over_itself_is_built_anew():
    compare(closed_over_itself)


def test_a_module_whose_forward_is_closed_over_it_is_refused():
    a, b = weights(TwoLayers, 1), weights(TwoLayers, 2)
    with pytest.raises(InputError, match=r"closed over it(.|\n)*a function that builds the model"):
        isthmus.measure(closed_over_itself(), a, b, (INPUTS, TARGETS))


def test_a_function_that_returns_one_closed_object_again_and_again_is_refused():
    network = closed_over_itself()
    a, b = weights(TwoLayers, 1), weights(TwoLayers, 2)
    with pytest.raises(InputError, match="closed over it"):
        isthmus.measure(lambda: network, a, b, (INPUTS, TARGETS))


class PlainList(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = [nn.Linear(6, 8)], nn.Linear(8, 4)

    def forward(self, x):
        return self.last(torch.relu(self.hidden[0](x)))


def test_parameters_in_a_plain_list_are_refused_with_their_shapes():
    a, b = weights(PlainList, 1), weights(PlainList, 2)
    with pytest.raises(InputError, match=r"2 parameters that are not, of shape \(8, 6\), \(8,\)(.|\n)*nn.ModuleList"):
        isthmus.measure(PlainList(), a, b, (INPUTS, TARGETS))


def frozen_list():
    torch.manual_seed(7)
    network = PlainList()
    network.hidden[0].requires_grad_(requires_grad=False)
    return network


def test_a_frozen_part_outside_the_state_dict_is_the_same_in_both_and_said():
    compare(frozen_list, warned="2 frozen parameters outside the state dict")


class Permuted(TwoLayers):
    def __init__(self, order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return super().forward(x[:, self.order])


class UnsavedBuffer(TwoLayers):
    def __init__(self):
        super().__init__()
        self.register_buffer("mask", (torch.rand(6) > 0.5).float(), persistent=False)

    def forward(self, x):
        return super().forward(x * self.mask)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Permuted(random.sample(range(6), 6)),
        lambda: Permuted(np.random.permutation(6).tolist()),
        lambda: Permuted(torch.randperm(6)),
        UnsavedBuffer,
    ],
    ids=["list", "numpy", "tensor", "buffer"],
)
def test_what_is_drawn_at_build_and_not_saved_is_refused(build):
    a, b = weights(build, 1), weights(build, 2)
    with pytest.raises(InputError, match=r"another build gives other outputs(.|\n)*set the seed"):
        isthmus.measure(build, a, b, (INPUTS, TARGETS))


def test_a_draw_with_a_seed_of_its_own_is_measured():
    compare(lambda: Permuted(torch.randperm(6, generator=torch.Generator().manual_seed(3))))


class Remembers(TwoLayers):
    def __init__(self):
        super().__init__()
        self.runs = 0

    def forward(self, x):
        self.runs += 1
        return super().forward(x) * self.runs


def test_a_network_that_depends_on_how_often_it_ran_is_refused():
    a, b = weights(Remembers, 1), weights(Remembers, 2)
    with pytest.raises(InputError, match="same outputs"):
        isthmus.measure(Remembers(), a, b, (INPUTS, TARGETS))


class WritesToInputs(TwoLayers):
    def forward(self, x):
        x -= 0.5
        return super().forward(x.mul_(2))


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_a_forward_that_writes_to_its_inputs_is_given_copies(engine):
    class Reference(TwoLayers):
        def forward(self, x):
            return super().forward((x - 0.5) * 2)

    a, b = weights(TwoLayers, 1), weights(TwoLayers, 2)
    given = INPUTS.clone()
    result = isthmus.measure(WritesToInputs(), a, b, (given, TARGETS), engine=engine)
    assert torch.equal(given, INPUTS)
    assert float(result.loss.sel(host="a", moving="first").squeeze()) == pytest.approx(
        loop(Reference, a, b)["a", "first"], abs=1e-6
    )


@pytest.mark.filterwarnings("ignore:the network derives something")
def test_statistics_are_not_measured_anew_where_every_run_loads_the_network():
    build = above(MergedInEval)
    options = {"batch_norm": "recalibrate", "recalibration_data": (INPUTS + 1, TARGETS)}
    normed = lambda: nn.Sequential(*build(), nn.BatchNorm1d(4))  # noqa: E731
    both = weights(normed, 1), weights(normed, 2)
    with pytest.raises(InputError, match="computes from the weights at hand"):
        isthmus.measure(normed, *both, (INPUTS, TARGETS), **options)


@pytest.mark.parametrize(("layer", "key"), [(ClampedBehindTheScenes, "weight"), (Counting, "calls")])
def test_only_what_forward_writes_to_is_copied_and_everything_of_a_network_that_does_not_run(layer, key):
    module = above(layer)()
    network = Network.from_model(module, named_loss("cross_entropy").function, torch.device("cpu"), torch.float32)
    state = tensors_of(module)
    before = {name: tensor.clone() for name, tensor in state.items()}
    network = replace(network, written=frozenset(state))
    (written,) = written_keys(network, state, INPUTS)
    assert written.endswith(key)
    assert written_keys(network, state, torch.randn(4, 5)) == frozenset(state)
    assert all(torch.equal(state[name], before[name]) for name in state)
