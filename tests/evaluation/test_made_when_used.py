"""A network runs with weights that nobody holds: operators make them, and the outputs are those of ordinary tensors."""

import weakref

import pytest
import torch
from torch import nn
from torch.func import functional_call

from isthmus.evaluation.arithmetic.made_when_used import MadeWhenUsed


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows, self.cells, self.out = nn.Embedding(9, 4), nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 9)

    def forward(self, x):
        return self.out(self.cells(self.rows(x))[0])


class Standardised(nn.Conv2d):
    """A convolution that looks at its weight through views."""

    def forward(self, x):
        flat = self.weight.reshape(self.out_channels, -1)
        weight = ((flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True)).view_as(self.weight)
        return self._conv_forward(x, weight, self.bias)


def images():
    return torch.randn(3, 2, 6, 6)


NETWORKS = {
    "convolution": (lambda: nn.Sequential(Standardised(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten()), images),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), lambda: torch.randn(3, 5, 8)),
    "recurrent": (Recurrent, lambda: torch.randint(9, (3, 5))),
}


@pytest.mark.parametrize("last", [False, True], ids=["contiguous", "channels last"])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_ordinary_tensors(name, last):
    torch.manual_seed(0)
    build, draw = NETWORKS[name]
    model, inputs = build().eval(), draw()
    weights = {key: torch.randn_like(t) if t.is_floating_point() else t for key, t in model.state_dict().items()}
    weights = {k: t.abs() if k.endswith("var") else t for k, t in weights.items()}
    if last:
        weights = {k: t.to(memory_format=torch.channels_last) if t.ndim == 4 else t for k, t in weights.items()}
    unheld = {key: MadeWhenUsed(t, t.dtype, t.clone) for key, t in weights.items()}
    with torch.no_grad():
        expected = functional_call(model, weights, (inputs,), tie_weights=False)
        found = functional_call(model, unheld, (inputs,), tie_weights=False)
    assert torch.equal(found, expected)
    assert not isinstance(found, MadeWhenUsed)


def test_nothing_is_kept_between_two_operators():
    made = []

    def make():
        assert not [one for one in made if one() is not None], "the numbers before were dropped"
        tensor = torch.ones(5)
        made.append(weakref.ref(tensor.untyped_storage()))
        return tensor

    unheld = MadeWhenUsed(torch.empty(5, device="cpu"), torch.float32, make)
    assert float((unheld * 2 + unheld.sum()).sum()) == 35
    assert len(made) == 2
