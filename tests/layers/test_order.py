"""The order of first use is that of operators, not of registration."""

import torch
from torch import nn

from isthmus.layers.order import first_use, order_of_use


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


class Routed(nn.Module):
    """Sends every example to one of three experts."""

    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
        self.head, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        routes, made = x[:, 0].long(), torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            chosen = routes == number
            if chosen.any():
                made[chosen] = expert(x[chosen])
        return self.head(made)


def test_experts_that_the_first_example_is_not_sent_to_stand_in_their_place():
    model, rows = Routed().eval(), torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]])
    use = order_of_use(model, (rows[:1], rows))
    modules = list(dict.fromkeys(key.rpartition(".")[0] for key in use.keys))
    assert modules == ["experts.0", "experts.1", "experts.2", "head"]


def test_further_batches_run_only_while_a_parameter_is_unread():
    def batches():
        yield torch.zeros(1, 3)
        raise AssertionError("the first batch reads all")

    assert order_of_use(OutOfOrder().eval(), batches()) == first_use(OutOfOrder().eval(), torch.zeros(1, 3))
