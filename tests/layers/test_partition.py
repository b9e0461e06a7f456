"""Partitions: every key once, split and join, and refusals that name what is wrong."""

import pytest
import torch
from cases import CASES
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition


@pytest.mark.parametrize("rule", ["module", "tensor", "block", "type"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_split_and_join_undo_each_other_and_cover_every_key_once(case, rule):
    weights = case.weights(0)
    partition = layer_partition(rule, case.build())
    keys = [key for layer in partition for key in partition[layer]]
    assert sorted(keys) == sorted(weights)
    joined = partition.join(partition.split(weights))
    assert joined.keys() == weights.keys()
    assert all(joined[key] is weights[key] for key in weights)


def test_a_key_in_two_layers_is_refused_by_name():
    with pytest.raises(InputError, match="'w1' in 'x' and in 'y'"):
        LayerPartition({"x": ["w1"], "y": ["w1", "w2"]})
    with pytest.raises(InputError, match="layer 'x'"):
        LayerPartition({"x": []})


def test_keys_that_are_not_covered_or_not_known_are_named():
    partition = LayerPartition({"x": ["w1", "w3"]})
    with pytest.raises(InputError, match="not covered: w2; unknown: w3"):
        partition.check_covers(["w1", "w2"])


def test_a_tie_torn_apart_is_refused():
    partition = LayerPartition({"x": ["w1"], "y": ["w2"]})
    with pytest.raises(InputError, match=r"w1, w2 in layers x, y"):
        partition.check_covers(["w1", "w2"], [("w1", "w2")])


def test_an_unknown_layer_is_answered_with_the_nearest():
    with pytest.raises(LookupError, match="Did you mean 'conv1'"):
        LayerPartition({"conv1": ["w"], "fc": ["v"]})["conv"]


def test_join_refuses_parts_that_lack_a_key():
    partition = LayerPartition({"x": ["w1", "w2"]})
    with pytest.raises(InputError, match="not covered"):
        partition.join({"x": {"w1": torch.ones(1)}})


@st.composite
def layers_and_weights(draw):
    """Layers of up to 12 keys, and weights with these keys in an order of their own."""
    keys = st.text("ab.", min_size=1, max_size=4)
    owners = draw(st.dictionaries(keys, st.sampled_from("xyz"), min_size=1, max_size=12))
    layers = {label: [key for key in owners if owners[key] == label] for label in draw(st.permutations("xyz"))}
    weights = {key: torch.tensor(float(n)) for n, key in enumerate(draw(st.permutations(list(owners))))}
    return {label: keys for label, keys in layers.items() if keys}, weights


@given(layers_and_weights())
def test_split_and_join_undo_each_other_whatever_the_keys(drawn):
    partition, weights = LayerPartition(drawn[0]), drawn[1]
    parts = partition.split(weights)
    assert sum(len(part) for part in parts.values()) == len(weights)
    joined = partition.join(parts)
    assert joined.keys() == weights.keys()
    assert all(joined[key] is weights[key] for key in weights)
    again = partition.split(joined)
    assert {label: list(part) for label, part in again.items()} == {
        label: list(partition[label]) for label in partition
    }


@given(layers_and_weights(), st.data())
def test_one_key_more_less_or_twice_is_never_taken(drawn, data):
    partition, weights = LayerPartition(drawn[0]), drawn[1]
    key = data.draw(st.sampled_from(sorted(weights)))
    with pytest.raises(InputError, match="unknown"):
        partition.split({other: weights[other] for other in weights if other != key})
    with pytest.raises(InputError, match="not covered"):
        partition.split(weights | {f"{key}+": weights[key]})
    with pytest.raises(InputError, match="every key in one layer"):
        LayerPartition({**partition.layers, "another": [key]})


@given(layers_and_weights(), st.data())
def test_another_order_of_the_layers_is_another_order_of_the_same_layers(drawn, data):
    partition = LayerPartition(drawn[0])
    labels = data.draw(st.permutations(list(partition)))
    ordered = partition.ordered(labels)
    assert list(ordered) == labels
    assert dict(ordered.layers) == dict(partition.layers)
    assert ordered.ordered(list(partition)) == partition
