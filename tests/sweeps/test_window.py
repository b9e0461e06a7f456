"""Every run of consecutive layers stands once."""

import pytest

from isthmus.errors import InputError
from isthmus.sweeps.single import Single
from isthmus.sweeps.spec import sweeps_of
from isthmus.sweeps.window import Window

LAYERS = ["conv1", "conv2", "conv3", "fc"]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_windows_are_the_runs_of_their_length_labelled_by_the_first_layer(length):
    groups = Window(length).groups(LAYERS)
    assert len(groups) == len(LAYERS) - length + 1
    for i, group in enumerate(groups):
        assert group.layers == tuple(LAYERS[i : i + length])
        assert group.label == f"window{length}:{LAYERS[i]}"
        assert group.sweep == f"window:{length}"


def test_a_window_of_one_moves_what_a_single_layer_moves():
    assert [g.layers for g in Window(1).groups(LAYERS)] == [g.layers for g in Single().groups(LAYERS)]


def test_a_window_longer_than_the_network_is_refused():
    with pytest.raises(InputError, match=r"1 to 4 layers(?s:.*)got 5(?s:.*)--sweep window:5(?s:.*)shorter"):
        Window(5).groups(LAYERS)
    with pytest.raises(InputError, match="window:1 for single layers"):
        Window(0).groups(LAYERS)


@pytest.mark.parametrize("spec", ["window", "window:", "window:0", "window:-2", "window:two", "window:2.0"])
def test_a_length_that_is_none_is_refused_before_anything_is_loaded(spec):
    with pytest.raises(InputError, match=r"(?s)whole number of at least 1.*write window:L"):
        sweeps_of(spec)


def test_the_specification_names_the_sweep():
    assert sweeps_of("window:04")[1] == Window(4)
    assert sweeps_of(Window(4).name)[1] == Window(4)
