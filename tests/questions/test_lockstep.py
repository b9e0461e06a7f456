"""Networks side by side: each stage gives what it gives alone, and features are those of the modules."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from awkward_networks import AWKWARD, DecidesByData
from pairs_of_networks import CPU, REGISTERED, Pair, registered_pair
from torch import nn

from isthmus.evaluation.batches import BatchSize
from isthmus.questions.similarity.features import FeatureConnectivity, dissimilarity, feature_names
from isthmus.questions.similarity.lockstep import Lockstep
from isthmus.weights.casting import cast_weights


class Kept:
    """An observer that keeps everything."""

    def __init__(self):
        self.seen = {}

    def stage_end(self, number, start, stop, values):
        self.seen[number, start] = values


def full_points(pair, alphas=(0.25, 0.5)):
    everything = tuple(pair.segment.layers)
    ends = (pair.segment.point("a", (), 0.0), pair.segment.point("b", (), 0.0))
    return (*ends, *(pair.segment.point("a", everything, alpha) for alpha in alphas))


def ran(pair, points, observer, batch_size=4):
    lockstep = Lockstep(pair.network, pair.segment, pair.staged(in_order=True), BatchSize(batch_size))
    batches = list(lockstep.outputs(points, pair.examples, observer))
    assert [start for start, _ in batches] == list(range(0, len(pair.examples), batch_size))
    return [torch.cat(of_point) for of_point in zip(*(outputs for _, outputs in batches), strict=True)]


def pairs():
    for name in REGISTERED:
        yield pytest.param(partial(registered_pair, name), id=name)
    for model, inputs in AWKWARD.items():
        yield pytest.param(lambda m=model, i=inputs: Pair.of(m(), i(9)), id=model.__name__)


@pytest.mark.parametrize("make_pair", list(pairs()))
def test_lockstep_equals_separate_runs_to_the_bit(make_pair):
    torch.manual_seed(0)
    pair = make_pair()
    points, observer = full_points(pair), Kept()
    outputs = ran(pair, points, observer)
    staged = pair.staged(in_order=True)
    for k, (point, found) in enumerate(zip(points, outputs, strict=True)):
        weights = cast_weights(pair.segment.weights(point), pair.network.dtype)
        for start in range(0, len(pair.examples), 4):
            inputs, _ = pair.examples.batch(start, start + 4, CPU, pair.network.dtype)
            assert torch.equal(staged.outputs(weights, inputs), found[start : start + 4])
            for number, (_, _, values) in enumerate(staged.walked(inputs, lambda _, weights=weights: weights)):
                for name, alone in values.items():
                    together = observer.seen[number, start][k][name]
                    assert torch.equal(alone, together) if isinstance(alone, torch.Tensor) else alone == together


def test_features_are_the_values_that_the_modules_hand_on():
    """Hooks on the activations of a chain see, to the bit, what the stage of the layer before them hands on."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 4))
    pair = Pair.of(model, torch.randn(9, 6))
    observer = Kept()
    ran(pair, full_points(pair), observer, batch_size=9)
    weights = pair.segment.weights(full_points(pair)[2])
    caught = []
    hooks = [
        module.register_forward_hook(lambda _m, _i, out: caught.append(out))
        for module in (model[1], model[3], model[4])
    ]
    with torch.no_grad():
        torch.func.functional_call(model, weights, (pair.examples.inputs,))
    for hook in hooks:
        hook.remove()
    found = [list(observer.seen[number, 0][2].values()) for number in sorted(n for n, _ in observer.seen)][-3:]
    for expected, values in zip(caught, found, strict=True):
        assert [torch.equal(value, expected) for value in values] == [True]


def test_memory_that_runs_out_halves_the_batch_and_changes_nothing():
    torch.manual_seed(2)
    pair = Pair.of(*REGISTERED["mlp"]())
    points = full_points(pair)
    expected = ran(pair, points, Kept(), batch_size=9)

    class Short(Kept):
        def stage_end(self, number, start, stop, values):
            super().stage_end(number, start, stop, values)
            if len(next(iter(values[0].values()))) > 4:
                raise torch.OutOfMemoryError("out of memory")

    size = BatchSize(9)
    ((start, outputs),) = Lockstep(pair.network, pair.segment, pair.staged(9, in_order=True), size).outputs(
        points, pair.examples, Short()
    )
    assert (start, size.size, size.halvings) == (0, 4, 1)
    for x, y in zip(outputs, expected, strict=True):
        torch.testing.assert_close(x, y)


def observed(pair, points, alphas):
    staged = pair.staged(in_order=True)
    weights = cast_weights(pair.segment.weights(points[0]), pair.network.dtype)
    inputs, _ = pair.examples.batch(0, 2, CPU, pair.network.dtype)
    observer = FeatureConnectivity(feature_names(staged, weights, inputs), alphas, len(pair.examples))
    ran(pair, points, observer)
    return observer, staged


def deep_linear():
    torch.manual_seed(3)
    model = nn.Sequential(*(nn.Linear(m, n, bias=False) for m, n in ((4, 5), (5, 5), (5, 6), (6, 3))))
    pair = Pair.of(model, torch.randn(9, 4), dtype=torch.float64)
    ends = {name: cast_weights(getattr(pair.segment, name), torch.float64) for name in ("first", "second")}
    return replace(pair, segment=replace(pair.segment, **ends))


def test_in_a_linear_network_the_features_of_a_blend_of_one_layer_are_the_blend_of_features():
    pair = deep_linear()
    for layer in pair.segment.layers:
        points = tuple(pair.segment.point("a", (layer,), alpha) for alpha in (0.0, 1.0, 0.3, 0.5))
        observer, staged = observed(pair, points, (0.3, 0.5))
        begins = next(n for n, stage in enumerate(staged.stages) if layer in stage.layers)
        assert np.nanmax(observer.blended) < 1e-28
        assert (observer.between[begins:] > 1e-4).all()
        assert (np.nan_to_num(observer.between[:begins]) == 0).all()


def test_in_a_deep_linear_network_the_full_blend_is_not_linear():
    deep = deep_linear()
    observer, _ = observed(deep, full_points(deep), (0.25, 0.5))
    blended = observer.blended[~np.isnan(observer.between).all(axis=1)]
    assert blended[0].max() < 1e-28  # one layer alone so far
    assert (blended[1:].mean(axis=2) > 1e-4).all()


def test_equal_networks_have_equal_features():
    torch.manual_seed(4)
    pair = Pair.of(*REGISTERED["cnn"]())
    point = full_points(pair)[0]
    observer, _ = observed(pair, (point, point, point), (0.3,))
    known = ~np.isnan(observer.between)
    assert known.any()
    assert (observer.between[known] == 0).all()
    assert (observer.blended[:, 0][known] == 0).all()


def test_the_dissimilarity_is_one_minus_the_cosine_and_undefined_at_zero():
    x, y = torch.randn(2, 7, 30)
    expected = 1 - nn.functional.cosine_similarity(x.double(), y.double())
    torch.testing.assert_close(dissimilarity(x, y), expected, rtol=1e-12, atol=1e-14)
    assert torch.isnan(dissimilarity(torch.zeros(1, 3), torch.ones(1, 3))).all()
    tiny = torch.tensor([[1.0, 1e-12]], dtype=torch.float64)
    assert dissimilarity(tiny, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(5e-25)


class Dead(nn.Module):
    """The first layer hands on zeros for examples with a negative first entry; a position is added to the rest."""

    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.randn(1, 6))
        self.first, self.last = nn.Linear(6, 6, bias=False), nn.Linear(6, 4)

    def forward(self, x):
        moved = self.position * 2
        return self.last(self.first(x * (x[:, :1] > 0)) + 0 * moved)


def test_zero_vectors_are_marked_and_what_has_no_row_an_example_is_no_feature():
    torch.manual_seed(5)
    pair = Pair.of(Dead(), torch.randn(9, 6))
    staged = pair.staged(in_order=True)
    weights = cast_weights(pair.segment.first, torch.float32)
    names = feature_names(staged, weights, pair.examples.inputs)
    of_position = next(n for n, stage in enumerate(staged.stages) if "position" in stage.layers)
    of_first = next(n for n, stage in enumerate(staged.stages) if "first" in stage.layers)
    assert staged.stages[of_position].writes
    assert (
        not set(staged.stages[of_position].writes) & {"mul"} or names[of_position] != staged.stages[of_position].writes
    )
    observer, _ = observed(pair, full_points(pair), (0.25, 0.5))
    dead = (pair.examples.inputs[:, 0] <= 0).numpy()
    assert 0 < dead.sum() < 9
    np.testing.assert_array_equal(observer.is_zero_between[of_first], dead)
    np.testing.assert_array_equal(observer.is_zero[of_first], [dead, dead])
    np.testing.assert_array_equal(np.isnan(observer.between[of_first]), dead)


class Tokens(nn.Module):
    """Its first layer sees the tokens of all texts in one dimension, its second the texts, its third places first."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third, self.last = (nn.Linear(6, 6) for _ in range(4))

    def forward(self, x):
        flat = self.first(x.reshape(-1, 6))
        texts = self.second(flat.reshape(x.shape[0], 3, 6))
        places = self.third(torch.cat(texts.unbind(1)))
        return self.last(texts.mean(1)) + 0 * places.mean()


def test_tokens_of_an_example_are_its_features_in_the_order_of_examples_alone():
    torch.manual_seed(7)
    pair = Pair.of(Tokens(), torch.randn(9, 3, 6))
    staged = pair.staged(in_order=True)
    names = feature_names(staged, cast_weights(pair.segment.first, torch.float32), pair.examples.inputs[:2])
    assert [stage.layers for stage in staged.stages] == [(), ("first",), ("second",), ("third",), ("last",)]
    assert [len(of_stage) for of_stage in names] == [1, 1, 1, 1, 1]
    assert [len(stage.writes) for stage in staged.stages] == [2, 1, 2, 2, 1]  # a size; texts and mean, places first
    observer, _ = observed(pair, full_points(pair), (0.25, 0.5))
    weights_a, weights_b = (pair.segment.weights(point) for point in full_points(pair)[:2])
    flat = pair.examples.inputs
    of_a, of_b = (nn.functional.linear(flat, w["first.weight"], w["first.bias"]) for w in (weights_a, weights_b))
    expected = dissimilarity(of_a.flatten(1), of_b.flatten(1))
    np.testing.assert_allclose(observer.between[1], expected, rtol=1e-4)


def test_a_network_that_is_not_cut_runs_in_lockstep_too():
    torch.manual_seed(6)
    pair = Pair.of(DecidesByData(), torch.randn(9, 6))
    observer = Kept()
    outputs = ran(pair, full_points(pair), observer)
    assert {number for number, _ in observer.seen} == {0}
    for point, found in zip(full_points(pair), outputs, strict=True):
        weights = pair.segment.weights(point)
        expected = [pair.network.outputs(weights, pair.examples.inputs[s : s + 4].clone()) for s in (0, 4, 8)]
        assert torch.equal(found, torch.cat(expected))
