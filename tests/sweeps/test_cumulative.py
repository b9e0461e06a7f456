"""Growing groups hold the layers they say, under labels that sort."""

from itertools import pairwise

import pytest

from isthmus.errors import InputError, UnknownNameError
from isthmus.sweeps.cumulative import Cumulative
from isthmus.sweeps.orders import ends_first, random_order
from isthmus.sweeps.spec import sweeps_of

LAYERS = ["conv1", "conv2", "fc"]


def test_shallow_first_grows_from_the_input():
    groups = Cumulative("shallow_first").groups(LAYERS)
    assert {group.label: group.layers for group in groups} == {
        "shallow_first:01": ("conv1",),
        "shallow_first:02": ("conv1", "conv2"),
        "shallow_first:03": ("conv1", "conv2", "fc"),
    }


def test_deep_first_grows_from_the_output_and_lists_layers_in_layer_order():
    groups = Cumulative("deep_first").groups(LAYERS)
    assert [group.layers for group in groups] == [("fc",), ("conv2", "fc"), ("conv1", "conv2", "fc")]


@pytest.mark.parametrize(("number", "last"), [(9, "09"), (99, "99"), (100, "100"), (1000, "1000")])
def test_labels_have_as_many_digits_as_are_needed_and_sort_in_their_order(number, last):
    labels = [group.label for group in Cumulative("deep_first").groups([str(n) for n in range(number)])]
    assert labels[-1] == f"deep_first:{last}"
    assert labels == sorted(labels)


EACH_NAME = [
    "cumulative:shallow_first",
    "cumulative:deep_first",
    "cumulative:ends_first",
    "cumulative:random:0",
    "cumulative:random:3,1",
    "cumulative:given:fc,conv1",
]


@pytest.mark.parametrize("name", EACH_NAME)
def test_a_specification_names_the_sweep_that_it_makes(name):
    sweep = sweeps_of(name)[1]
    assert sweep.name == name
    assert {group.sweep for group in sweep.groups(LAYERS)} == {name}


def test_an_unknown_order_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'cumulative:deep_first'"):
        sweeps_of("cumulative:depth_first")


@pytest.mark.parametrize("number", [1, 2, 3, 10, 11, 12, 21])
@pytest.mark.parametrize("order", ["shallow_first", "deep_first", "ends_first", "random"])
def test_every_order_adds_one_layer_at_a_time_until_all_move_in_layer_order(order, number):
    layers = [f"layer{n}" for n in range(number)]
    groups = Cumulative(order).groups(layers)
    assert [len(group.layers) for group in groups] == list(range(1, number + 1))
    for smaller, larger in pairwise(groups):
        assert set(smaller.layers) < set(larger.layers)
    assert all(list(group.layers) == sorted(group.layers, key=layers.index) for group in groups)
    assert groups[-1].layers == tuple(layers)


def test_ends_first_is_five_and_five_and_the_middle_and_alternates_in_small_networks():
    assert "".join(ends_first("abcdefghijklm")) == "abcdeijklm" + "fgh"
    assert "".join(ends_first("abcdefghijk")) == "abcde" + "ghijk" + "f"
    assert "".join(ends_first("abcdefghij")) == "ajbichdgef"
    assert "".join(ends_first("abc")) == "acb"


def test_random_orders_are_the_same_everywhere_and_differ_with_the_seed():
    """The orders are written out: a machine or a Python that draws others fails here."""
    layers = [f"layer{n}" for n in range(6)]
    assert [random_order(layers, seed) for seed in (0, 1)] == PINNED
    assert len({tuple(random_order(layers, seed)) for seed in range(50)}) > 45
    first = [random_order(layers, seed)[0] for seed in range(600)]
    assert all(60 < first.count(layer) < 140 for layer in layers)


PINNED = [
    ["layer4", "layer1", "layer0", "layer2", "layer5", "layer3"],
    ["layer0", "layer3", "layer5", "layer4", "layer2", "layer1"],
]


def test_several_seeds_are_one_sweep_with_a_label_for_each():
    sweep = sweeps_of("cumulative:random:2,0")[1]
    labels = [group.label for group in sweep.groups(LAYERS)]
    assert labels == [*(f"random2:0{k}" for k in (1, 2, 3)), *(f"random0:0{k}" for k in (1, 2, 3))]
    assert sweeps_of("cumulative:random")[1] == sweeps_of("cumulative:random:0")[1]


def test_given_layers_join_in_their_order_and_no_others_do():
    groups = sweeps_of("cumulative:given: fc, conv1")[1].groups(LAYERS)
    assert [(group.label, group.layers) for group in groups] == [("given:01", ("fc",)), ("given:02", ("conv1", "fc"))]


def test_a_layer_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"(?s)'conv3'.*Did you mean 'conv"):
        sweeps_of("cumulative:given:fc,conv3")[1].groups(LAYERS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("cumulative:random:1,1", "(?s)different seeds.*cumulative:random"),
        ("cumulative:random:", "whole number of at least 0"),
        ("cumulative:random:-1", "whole number of at least 0"),
        ("cumulative:random:1.5", "whole number of at least 0"),
        ("cumulative:given", "different layers"),
        ("cumulative:given:fc,fc", "different layers"),
        ("cumulative:given:fc,", "different layers"),
        ("cumulative:shallow_first:2", "Did you mean 'cumulative:shallow_first'"),
        ("cumulative", "a cumulative sweep: one of cumulative:shallow_first"),
    ],
)
def test_wrong_specifications_are_refused(spec, message):
    with pytest.raises(InputError, match=message):
        sweeps_of(spec)
