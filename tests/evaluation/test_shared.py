"""The shared engine gives the numbers of the direct one, in any company of points, and holds no more than it plans."""

import weakref
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from awkward_networks import AWKWARD, NOT_CUT, BranchesJoinLate, InPlaceOnResidual, LayerUsedTwice, row_inputs
from pairs_of_networks import MIXED, REGISTERED, FastPath, Pair, next_token_loss, registered_pair, transformer
from torch import nn
from wide_networks import WIDE

from isthmus.evaluation import shared
from isthmus.evaluation.stages.blends import LayerBlends
from isthmus.models.registry import MODELS
from isthmus.paths.linear import Segment
from isthmus.weights.casting import cast_weights


def assert_engines_agree(pair, points, cut=True):
    staged = pair.staged()
    assert (staged.fallback_reason is None) is cut, staged.fallback_reason
    losses, errors = pair.direct(points)
    shared_losses, shared_errors = pair.shared(points, staged)
    assert len(np.unique(losses, axis=0)) > len(points) // 2, "points must differ for the comparison to mean anything"
    np.testing.assert_array_equal(shared_losses, losses)
    np.testing.assert_array_equal(shared_errors, errors)


@pytest.mark.parametrize("name", REGISTERED)
def test_shared_equals_direct_to_the_bit_on_every_registered_network(name):
    torch.manual_seed(0)
    pair = registered_pair(name)
    assert_engines_agree(pair, pair.points(at_most=24))


def test_every_registered_network_is_compared():
    assert set(REGISTERED) == set(MODELS)


@pytest.mark.parametrize("kind", AWKWARD)
def test_shared_equals_direct_to_the_bit_on_awkward_networks(kind):
    torch.manual_seed(0)
    pair = Pair.of(kind(), AWKWARD[kind](9))
    assert_engines_agree(pair, pair.points(at_most=50))


@pytest.mark.parametrize("kind", NOT_CUT)
def test_shared_equals_direct_to_the_bit_on_networks_that_cannot_be_cut(kind):
    torch.manual_seed(0)
    pair = Pair.of(kind(), NOT_CUT[kind](9))
    assert_engines_agree(pair, pair.points(at_most=50), cut=False)


@pytest.mark.parametrize("name", ["vit", "resnet", "gpt2", "gpt_neox"])
def test_shared_equals_direct_to_the_bit_on_transformers(name):
    torch.manual_seed(0)
    model, inputs = transformer(name)
    loss = {} if inputs.is_floating_point() else {"loss": next_token_loss}
    pair = Pair.of(model, inputs, **loss)
    assert_engines_agree(pair, pair.points(at_most=30))


@pytest.mark.parametrize(
    "sweeps", ["full", "single", "cumulative:shallow_first", "cumulative:deep_first", "pairs", MIXED]
)
def test_shared_equals_direct_to_the_bit_for_every_sweep(sweeps):
    torch.manual_seed(0)
    pair = Pair.of(BranchesJoinLate(), row_inputs(9))
    assert_engines_agree(pair, pair.points(sweeps, alphas=(0.25, 0.5, 1.0)))


@pytest.mark.parametrize("kind", WIDE)
@pytest.mark.parametrize("has_room", [True, False])
def test_shared_equals_direct_to_the_bit_on_wide_networks(kind, has_room, monkeypatch):
    monkeypatch.setattr(shared, "ROOM_BYTES", shared.ROOM_BYTES * has_room)
    torch.manual_seed(0)
    pair = Pair.of(kind(), WIDE[kind](4))
    assert_engines_agree(pair, pair.points(("single", "cumulative:shallow_first", "pairs"), at_most=70))


@pytest.mark.parametrize("rule", ["tensor", "block", "type"])
def test_shared_equals_direct_to_the_bit_under_every_rule_for_layers(rule):
    torch.manual_seed(0)
    pair = Pair.of(BranchesJoinLate(), row_inputs(9), rule=rule)
    assert_engines_agree(pair, pair.points(at_most=60))


@pytest.mark.parametrize("keeps_statistics", [False, True])
@pytest.mark.parametrize("rule", ["module", "tensor"])
def test_shared_equals_direct_to_the_bit_under_both_plain_batch_norm_policies(keeps_statistics, rule):
    torch.manual_seed(0)
    pair = Pair.of(InPlaceOnResidual(), torch.randn(9, 3, 8, 8), keeps_statistics=keeps_statistics, rule=rule)
    assert_engines_agree(pair, pair.points(at_most=50))
    moved = pair.shared(pair.points("full"))[0]
    pair.segment = replace(pair.segment, keeps_statistics=not keeps_statistics)
    assert not np.array_equal(pair.shared(pair.points("full"))[0], moved), "the policy must matter"


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_shared_equals_direct_to_the_bit_in_other_types(dtype):
    torch.manual_seed(0)
    pair = Pair.of(InPlaceOnResidual(), torch.randn(9, 3, 8, 8), dtype=dtype)
    assert_engines_agree(pair, pair.points(at_most=50))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_a_network_with_a_fused_path_agrees_within_the_stated_tolerance():
    torch.manual_seed(0)
    pair = Pair.of(FastPath(), torch.randn(9, 5, 8))
    points = pair.points(at_most=20)
    staged = pair.staged()
    assert staged.fallback_reason is None
    np.testing.assert_allclose(pair.shared(points, staged)[0], pair.direct(points)[0], rtol=1e-4, atol=1e-5)


def test_nan_weights_give_the_direct_engine_s_nan_losses():
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(5))
    pair.segment.second["twice.weight"][0, 0] = float("nan")
    points = pair.points()
    losses = pair.shared(points)[0]
    assert 0 < np.isnan(losses).all(axis=1).sum() < len(points)
    np.testing.assert_array_equal(losses, pair.direct(points)[0])


def test_the_other_points_of_a_plan_change_no_bit():
    torch.manual_seed(0)
    pair = Pair.of(InPlaceOnResidual(), torch.randn(5, 3, 8, 8))
    points, staged = pair.points(), pair.staged()
    together = pair.shared(points, staged)[0]
    shuffled = np.random.default_rng(0).permutation(len(points))
    np.testing.assert_array_equal(pair.shared([points[i] for i in shuffled], staged)[0], together[shuffled])
    for number in (0, 3, len(points) - 1):
        np.testing.assert_array_equal(pair.shared([points[number]], staged)[0][0], together[number])


def test_units_are_batches_and_those_that_are_done_are_left_out():
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(9))
    points, engine = pair.points("single"), pair.shared_engine()
    blocks = list(engine.blocks(points, pair.examples, set()))
    assert [(block.points, block.start, block.loss.shape[1]) for block in blocks] == [
        (tuple(range(len(points))), start, size) for start, size in ((0, 4), (4, 4), (8, 1))
    ]
    (rest,) = engine.blocks(points, pair.examples, {(0, 0), (0, 8)})
    assert rest.start == 4
    np.testing.assert_array_equal(rest.loss, blocks[1].loss)


def test_a_block_keeps_its_bounds_when_memory_runs_out():
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(9))
    points, staged = pair.points("single"), pair.staged()
    expected = pair.shared(points, staged)[0]

    def scarce(stage):
        def function(first, *rest):
            if len(first) > 2:
                raise RuntimeError("not enough memory: you tried to allocate 1 byte")
            return stage.function(first, *rest)

        return replace(stage, function=function)

    engine = pair.shared_engine(replace(staged, stages=tuple(scarce(stage) for stage in staged.stages)))
    blocks = list(engine.blocks(points, pair.examples, set()))
    assert (engine.batch_size.size, engine.batch_size.halvings) == (2, 1)
    assert [block.loss.shape[1] for block in blocks] == [4, 4, 1]
    # Other batch sizes run other kernels, which sum in another order.
    np.testing.assert_allclose(np.concatenate([block.loss for block in blocks], axis=1), expected, rtol=1e-5)
    # Also in a later call, as a measurement to a precision makes: an interrupted one finds its units by their bounds.
    assert [block.start for block in engine.blocks(points, pair.examples, set())] == [0, 4, 8]


def test_weights_and_examples_are_not_changed():
    torch.manual_seed(0)
    pair = Pair.of(InPlaceOnResidual(), torch.randn(5, 3, 8, 8))
    kept = [pair.examples.inputs, *pair.segment.first.values(), *pair.segment.second.values()]
    before = [tensor.clone() for tensor in kept]
    pair.shared(pair.points())
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(kept, before, strict=True))


def test_the_walk_holds_no_more_values_than_planned():
    torch.manual_seed(0)
    pair = Pair.of(nn.Sequential(*(nn.Linear(8, 8) for _ in range(9))), torch.randn(3, 8))
    staged = pair.staged(batch_size=1)
    made, most = [], 0

    def watched(stage):
        def function(*values):
            nonlocal most
            results = stage.function(*values)
            made.extend(weakref.ref(value) for value in results)
            alive = {t.untyped_storage().data_ptr(): t.nbytes for t in (ref() for ref in made) if t is not None}
            most = max(most, sum(alive.values()))
            return results

        return replace(stage, function=function)

    engine = pair.shared_engine(replace(staged, stages=tuple(watched(stage) for stage in staged.stages)), batch_size=1)
    points = pair.points("single")
    list(engine.blocks(points, pair.examples.take(slice(0, 1)), set()))
    of_inputs = of_outputs = 8 * 4  # bytes; the outputs are those of any stage
    assert engine.plan(points).held == of_inputs + 3 * of_outputs
    assert most == 3 * of_outputs


def test_blends_are_kept_up_to_the_size_of_one_network_and_spare_remaking():
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(2))
    blends = LayerBlends(pair.segment, torch.float32)
    labels = tuple(pair.segment.layers)
    half, tenth = (pair.segment.point("a", labels, alpha) for alpha in (0.5, 0.1))
    made = blends(zip(labels, half.versions, strict=True))
    again = blends(zip(labels, half.versions, strict=True))
    assert all(made[key] is again[key] for key in made)
    blends(zip(labels, tenth.versions, strict=True))
    remade = blends(zip(labels, half.versions, strict=True))
    assert all(remade[key] is not made[key] and torch.equal(remade[key], made[key]) for key in made)


def test_blends_of_a_small_network_are_made_once_for_all_batches(monkeypatch):
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(9))
    made = []

    class Counted(Segment):
        def layer_weights(self, label, version, dtype=None):
            made.append((label, version))
            return super().layer_weights(label, version, dtype)

    pair.segment = Counted(**{field.name: getattr(pair.segment, field.name) for field in fields(pair.segment)})
    points, staged = pair.points("single", alphas=(0.1, 0.5, 0.9)), pair.staged()
    made.clear()
    pair.shared(points, staged)
    assert len(made) == len(set(made)) == 3 * 5  # a, b and three blends of each layer


def test_the_networks_own_tensors_are_not_copied():
    torch.manual_seed(0)
    pair = Pair.of(LayerUsedTwice(), row_inputs(2))
    labels, blends = tuple(pair.segment.layers), LayerBlends(pair.segment, torch.float32)
    home = pair.segment.point("a", (), 0.0)
    ends = {id(t) for weights in (pair.segment.first, pair.segment.second) for t in weights.values()}
    assert {id(t) for t in blends(zip(labels, home.versions, strict=True)).values()} <= ends
    assert cast_weights(pair.segment.first, torch.float64).keys() == set(
        blends(zip(labels, home.versions, strict=True))
    )
