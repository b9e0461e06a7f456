"""Layers that move no output are named, and no others."""

import json

import pytest
from fresh_copies import INPUTS, TARGETS, TwoLayers, compare, weights
from torch import nn

import isthmus
from isthmus.errors import IsthmusWarning

pytestmark = pytest.mark.filterwarnings("ignore:engine shared. a single stage")


class Ignorant(TwoLayers):
    def forward(self, x):
        return x[:, :4] + 0 * super().forward(x)


@pytest.mark.filterwarnings("ignore:no effect on these outputs. first, last")
def test_networks_that_differ_without_another_output_are_warned_of():
    a, b = weights(Ignorant, 1), weights(Ignorant, 2)
    with pytest.warns(IsthmusWarning, match="networks a and b differ and no output"):
        isthmus.measure(Ignorant(), a, b, (INPUTS, TARGETS))


class HalfUsed(TwoLayers):
    """A layer that no output depends on, and one whose bias is taken off again."""

    def __init__(self):
        super().__init__()
        self.unused, self.cancelled = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x):
        return super().forward(x) + 0 * self.cancelled(x)


def test_layers_that_move_no_output_are_named_and_no_others():
    with pytest.warns(IsthmusWarning, match="no effect on these outputs: .*unused"):
        result = compare(HalfUsed)
    assert set(json.loads(result.attrs["without_effect"])) == {"unused", "cancelled"}


def test_a_layer_that_is_equal_in_both_is_not_said_to_have_no_effect():
    a, b = weights(TwoLayers, 1), weights(TwoLayers, 2)
    b |= {key: a[key] for key in a if key.startswith("first")}
    result = isthmus.measure(TwoLayers, a, b, (INPUTS, TARGETS))
    assert "without_effect" not in result.attrs


def test_a_saturated_loss_is_no_layer_without_effect():
    a, b = weights(TwoLayers, 1), weights(TwoLayers, 2)
    result = isthmus.measure(TwoLayers, a, b, (INPUTS, TARGETS), loss=lambda outputs, _: 0 * outputs.sum(dim=1))
    assert "without_effect" not in result.attrs
