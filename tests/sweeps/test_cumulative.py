"""Growing groups hold the layers they say, under labels that sort."""

import pytest

from isthmus.errors import UnknownNameError
from isthmus.sweeps.cumulative import Cumulative
from isthmus.sweeps.spec import parsed_sweeps

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


@pytest.mark.parametrize("name", ["cumulative:shallow_first", "cumulative:deep_first"])
def test_a_specification_names_the_sweep_that_it_makes(name):
    sweep = parsed_sweeps(name)[1]
    assert sweep.name == name
    assert {group.sweep for group in sweep.groups(LAYERS)} == {name}


def test_an_unknown_order_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'cumulative:deep_first'"):
        parsed_sweeps("cumulative:depth_first")
