"""Which linear layer gives the outputs, and why there may be none."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from isthmus.evaluation.readout import readout_of


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        return self.head(self.embed(tokens))


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.same = nn.Linear(3, 3)

    def forward(self, x):
        return self.same(self.same(x).relu())


class Written(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 3)

    def forward(self, x):
        return self.head(x).relu_()


class Logits(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(3, 3), nn.Linear(3, 4)

    def forward(self, x):
        return {"logits": self.head(self.body(x).relu()).reshape(len(x), 2, 2)}


class Hooked(nn.Linear):
    def forward(self, x):
        return super().forward(x) ** 2


def with_hook():
    layer = nn.Linear(3, 2)
    layer.register_forward_hook(lambda _module, _inputs, result: result.exp())
    return layer


INPUTS = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("module", "inputs", "note"),
    [
        (Tied(), torch.tensor([1]), "shares a tensor: embed.weight = head.weight"),
        (Repeated(), INPUTS, "same is called more than once"),
        (Written(), INPUTS, "no nn.Linear gives the outputs"),
        (nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1)), INPUTS, "no nn.Linear gives the outputs"),
        (nn.Sequential(nn.ReLU(), Hooked(3, 2)), INPUTS, "a forward pass, hooks or a parametrisation of its own"),
        (nn.Sequential(nn.ReLU(), with_hook()), INPUTS, "a forward pass, hooks or a parametrisation of its own"),
        (
            nn.Sequential(nn.ReLU(), weight_norm(nn.Linear(3, 2))),
            INPUTS,
            "a forward pass, hooks or a parametrisation of its own",
        ),
        (nn.Sequential(nn.ReLU(), nn.Conv1d(2, 2, 1)), torch.ones(1, 2, 3), "no nn.Linear gives the outputs"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_where_theory_promises_nothing_the_note_says_why(module, inputs, note):
    found = readout_of(module.eval(), inputs)
    assert found.keys == ()
    assert note in found.note


def test_a_plain_last_layer_is_found_behind_a_reshape_and_in_a_mapping():
    assert readout_of(Logits(), INPUTS).keys == ("head.weight", "head.bias")
    assert readout_of(nn.Linear(3, 2, bias=False), INPUTS).keys == ("weight",)
    assert readout_of(nn.Sequential(nn.Linear(3, 2), nn.Dropout()).eval(), INPUTS).keys == ("0.weight", "0.bias")


def test_the_module_is_left_without_hooks():
    module = Logits()
    readout_of(module, INPUTS)
    assert not any(layer._forward_hooks for layer in module.modules())
