"""Every two layers stand together once, the earlier first."""

from itertools import combinations

from isthmus.sweeps.pairs import Pairs
from isthmus.sweeps.spec import sweeps_of


def test_every_two_layers_are_a_group_labelled_by_both():
    groups = Pairs().groups(["conv1", "layer1.0.conv1", "fc"])
    assert {group.label: group.layers for group in groups} == {
        "conv1+layer1.0.conv1": ("conv1", "layer1.0.conv1"),
        "conv1+fc": ("conv1", "fc"),
        "layer1.0.conv1+fc": ("layer1.0.conv1", "fc"),
    }


def test_pairs_keep_the_order_of_the_layers():
    layers = [f"layer{n}" for n in (3, 1, 2, 0)]
    assert [group.layers for group in Pairs().groups(layers)] == list(combinations(layers, 2))


def test_one_layer_has_no_pair():
    assert Pairs().groups(["fc"]) == []


def test_the_specification_names_the_sweep():
    assert sweeps_of("pairs")[1] == Pairs()
