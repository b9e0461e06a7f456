"""Which units may be permuted is read from the graph alone: on every kind of network, and on hard cases by hand."""

from functools import cache

import pytest
import torch
from permutable_networks import NETWORKS
from torch import nn

import isthmus
from isthmus.evaluation.losses.loss import loss_named
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.export import operator_graph
from isthmus.merging.permutation.axes import graph_axes
from isthmus.merging.permutation.extents import Joined, Nested, Units, simplified
from isthmus.merging.permutation.groups import symmetry_of
from isthmus.merging.permutation.matching import WeightLikeness, matched
from isthmus.merging.permutation.permuted import Permutation, home, random_permutation
from isthmus.merging.permutation.unification import factored, unify
from isthmus.weights.state import tensors_of, tied_keys


@cache
def known(name):
    build, inputs, _ = NETWORKS[name]
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    return (*symmetry_and_network(build, inputs), inputs)


def symmetry_and_network(build, inputs):
    torch.manual_seed(0)
    network = Network.from_model(build(), loss_named("cross_entropy"), torch.device("cpu"), torch.float64)
    for parameter in network.module.parameters():
        nn.init.normal_(parameter, std=0.4)
    weights = {key: tensor.clone() for key, tensor in tensors_of(network.module).items()}
    graph = operator_graph(network.module, inputs, weights.__contains__)
    return symmetry_of(graph_axes(graph, weights, tied_keys(network.module))), network, weights


@pytest.mark.parametrize("name", NETWORKS)
def test_units_that_are_held_together_are_found_and_any_permutation_of_them_keeps_the_function(name):
    symmetry, network, weights, inputs = known(name)
    assert [group.size for group in symmetry.groups] == NETWORKS[name][2]
    made = random_permutation(symmetry, seed=1)(weights)
    before, after = network.outputs(weights, inputs), network.outputs(made, inputs)
    # Sums in another order, in float64; Llama's norms compute in float32.
    tolerance = 1e-10 if name != "llama" else 1e-5
    torch.testing.assert_close(after, before, rtol=0, atol=tolerance * float(before.abs().max()))
    for group in symmetry.groups:
        alone = Permutation(symmetry, {group.units: home(symmetry, group.units).roll(1, -1)})(weights)
        assert any(not torch.equal(tensor, weights[key]) for key, tensor in alone.items())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_planted_permutation_is_found_again(name):
    symmetry, _, weights, _ = known(name)
    planted, other = (random_permutation(symmetry, seed) for seed in (7, 8))
    likeness = WeightLikeness.between(symmetry, weights, planted(weights), set(weights))
    found = matched(symmetry, likeness).permutation
    for key, tensor in weights.items():
        assert torch.equal(found(planted(weights))[key], tensor)
        assert torch.equal(planted.inverse()(planted(weights))[key], tensor)
        assert torch.equal(other.after(planted)(weights)[key], other(planted(weights))[key])


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("gpt2", [1, 1, 3, 3, 1]),
        ("llama", [1, 1, 2, 2, 1]),
        ("blocks apart", [1, 4]),
        ("blocks that meet", [1, 1]),
        ("blocks that compete", [1, 1]),
    ],
)
def test_the_units_of_each_block_have_an_order_of_their_own_where_blocks_stay_apart(name, blocks):
    symmetry = known(name)[0]
    assert [group.blocks for group in symmetry.groups] == blocks


def test_channels_that_a_grouped_convolution_reads_are_permuted_alike_in_all_groups():
    assert [(group.name, group.blocks) for group in known("grouped")[0].groups][:3] == [
        ("first, blocks", 1), ("first, within blocks", 1), ("grouped, within blocks", 4)
    ]  # fmt: skip


def test_rotary_positions_and_vocabularies_stay_and_the_reason_is_said():
    symmetry = known("llama")[0]
    fixed = {one.axis: one.reason for one in symmetry.fixed}
    assert fixed["model.embed_tokens.weight[0]"] == "inputs name its places"
    members = [member for group in symmetry.groups for member in group.members]
    assert members.count("model.layers.0.self_attn.v_proj.weight[0]") == 2  # heads, and the units of each
    assert members.count("model.layers.0.self_attn.k_proj.weight[0]") == 1  # heads alone: their units are rotated
    assert members.count("model.layers.0.self_attn.q_proj.weight[0]") == 2  # heads, and those that share one key


def test_tied_embeddings_stay_tied():
    symmetry, _, weights, _ = known("gpt2")
    made = random_permutation(symmetry, seed=1)(weights)
    assert torch.equal(made["lm_head.weight"], made["transformer.wte.weight"])
    assert not torch.equal(made["lm_head.weight"], weights["lm_head.weight"])


def test_blocks_that_overlap_are_fixed_with_the_reason():
    one, other = Units(12), Units(12)
    factored(one, 3, 4)
    factored(other, 2, 6)
    unify(one, other)
    found = simplified(one)
    assert isinstance(found, Units)
    assert found.reason == "blocks of 4 and of 6 units overlap"


def test_cuts_at_different_places_leave_the_parts_between_them():
    one, other = Joined((Units(2), Units(5))), Joined((Units(4), Units(3)))
    unify(one, other)
    assert simplified(one) == simplified(other)
    assert [part.size for part in simplified(one).parts] == [2, 2, 3]


def test_blocks_of_blocks_are_one_after_another():
    whole = Units(24)
    outer, inner = factored(whole, 4, 6)
    factored(inner, 2, 3)
    found = simplified(whole)
    assert isinstance(found, Nested)
    assert [factor.size for factor in found.factors] == [4, 2, 3]
    assert found.factors[0] is outer


class Scaled(nn.Module):
    """A constant of the code that weighs the hidden units differently, or alike."""

    def __init__(self, scale):
        super().__init__()
        self.first, self.second, self.scale = nn.Linear(5, 4), nn.Linear(4, 3), scale

    def forward(self, x):
        """Numbers."""
        return self.second(self.first(x) * self.scale)


@pytest.mark.parametrize(("scale", "groups"), [([2.0, 2.0, 2.0, 2.0], [4]), ([1.0, 2.0, 2.0, 2.0], [])])
def test_a_constant_that_tells_units_apart_fixes_them(scale, groups):
    symmetry, _, _ = symmetry_and_network(lambda: Scaled(torch.tensor(scale)), torch.randn(2, 5, dtype=torch.float64))
    assert [group.size for group in symmetry.groups] == groups
    if not groups:
        assert "the values along it belong to their places" in {one.reason for one in symmetry.fixed}


def test_networks_of_a_language_are_aligned():
    build, _, _ = NETWORKS["gpt2"]
    a, b = build().state_dict(), build().state_dict()
    found = isthmus.align(a, b, model=build)
    assert found.difference <= 1e-4
    assert found.objectives[-1] > found.objectives[0]
