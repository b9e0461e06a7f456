"""The order of first use is that of operators, not of registration."""

import torch
from torch import nn

from isthmus.layers.order import first_use


class OutOfOrder(nn.Module):
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(3, 3)
        self.first = nn.Linear(3, 3)
        self.register_buffer("shift", torch.ones(3))

    def forward(self, x):
        if self.second.weight.dtype == torch.float32:  # looking at a weight is not using it
            x = self.first(x)
        return self.second(x + self.shift)


def test_operators_decide_and_glances_do_not():
    use = first_use(OutOfOrder().eval(), torch.zeros(1, 3))
    assert [key.partition(".")[0] for key in use.keys] == ["first", "first", "shift", "second", "second"]
    assert use.modules == ("", "first", "second")


def test_nothing_of_the_observation_stays_on_the_model():
    model = OutOfOrder().eval()
    first_use(model, torch.zeros(1, 3))
    assert not any(module._forward_pre_hooks for module in model.modules())
