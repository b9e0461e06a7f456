"""An export serves several measurements, and only those of an equal module."""

import threading
from collections import OrderedDict

import torch
from torch import nn

from isthmus.evaluation.stages import kept_graphs as kept_module
from isthmus.evaluation.stages.kept_graphs import graph_of, kept_graphs


class Scaled(nn.Module):
    """A linear layer times a buffer that is no part of the state dict."""

    def __init__(self, scale=1.0, width=3, power=1):
        super().__init__()
        self.power = power
        self.linear = nn.Linear(2, width)
        self.register_buffer("scale", torch.tensor(scale), persistent=False)

    def forward(self, x):
        return self.linear(x) ** self.power * self.scale


KEYS = frozenset({"linear.weight", "linear.bias"})
INPUTS = torch.zeros(2, 2)


def test_within_the_block_an_equal_module_is_exported_once_whatever_its_weights():
    with kept_graphs():
        first = graph_of(Scaled().eval(), INPUTS, KEYS)
        assert graph_of(Scaled().eval(), INPUTS, KEYS) is first
    with kept_graphs():
        assert graph_of(Scaled().eval(), INPUTS, KEYS) is not first


def test_outside_of_a_block_the_last_few_are_kept_and_what_cannot_be_read_is_not(monkeypatch):
    monkeypatch.setattr(kept_module, "_recent", OrderedDict())
    token = kept_module._kept.set(None)  # as in a process that is no test
    try:
        first = graph_of(Scaled().eval(), INPUTS, KEYS)
        assert graph_of(Scaled().eval(), INPUTS, KEYS) is first
        for width in range(4, 4 + kept_module.MOST_RECENT):
            graph_of(Scaled(width=width).eval(), INPUTS, KEYS)
        assert len(kept_module._recent) == kept_module.MOST_RECENT
        assert graph_of(Scaled().eval(), INPUTS, KEYS) is not first
        unread = Scaled().eval()
        unread.handle = threading.Lock()
        assert graph_of(unread, INPUTS, KEYS) is not graph_of(unread, INPUTS, KEYS)
    finally:
        kept_module._kept.reset(token)


def test_blocks_that_add_to_the_same_graphs_share_them():
    kept = {}
    with kept_graphs(kept):
        first = graph_of(Scaled().eval(), INPUTS, KEYS)
    with kept_graphs(kept):
        assert graph_of(Scaled().eval(), INPUTS, KEYS) is first


def test_other_constants_attributes_shapes_types_or_keys_are_exported_anew():
    with kept_graphs():
        first = graph_of(Scaled().eval(), INPUTS, KEYS)
        others = [
            graph_of(Scaled(scale=2.0).eval(), INPUTS, KEYS),
            graph_of(Scaled(power=2).eval(), INPUTS, KEYS),
            graph_of(Scaled(width=4).eval(), INPUTS, KEYS),
            graph_of(Scaled().double().eval(), INPUTS.double(), KEYS),
            graph_of(Scaled().eval(), INPUTS, KEYS | {"scale"}),
        ]
        assert first not in others
        assert len(set(map(id, others))) == len(others)
