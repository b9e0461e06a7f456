"""A loop of fresh copies that measurements are compared with: build, load, evaluation mode, forward."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import IsthmusWarning

INPUTS = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
TARGETS = torch.randint(4, (40,), generator=torch.Generator().manual_seed(1))


def weights(build, seed):
    torch.manual_seed(seed)
    network = build()
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def loop(build, a, b):
    """Mean losses of every host with each moving layer half-way: a fresh build, loaded, in evaluation mode."""
    found = {}
    for name, host, donor in (("a", a, b), ("b", b, a)):
        layers = {key.rpartition(".")[0] for key in host} - {""}
        for moving in (*layers, "all"):
            mixed = {
                key: (tensor + donor[key]) / 2
                if tensor.is_floating_point() and moving in {"all", key.rpartition(".")[0]}
                else tensor
                for key, tensor in host.items()
            }
            network = build()
            network.load_state_dict(mixed)
            network.eval()
            with torch.no_grad():
                found[name, moving] = float(functional.cross_entropy(network(INPUTS), TARGETS))
    return found


def compare(build, model=None, warned=None, **options):
    a, b = weights(build, 1), weights(build, 2)
    before = [{key: tensor.clone() for key, tensor in state.items()} for state in (a, b)]
    given = (build if model is None else model, a, b, (INPUTS.clone(), TARGETS))
    if warned is None:
        result = isthmus.measure(*given, batch_size=16, **options)
    else:
        with pytest.warns(IsthmusWarning, match=warned):
            result = isthmus.measure(*given, batch_size=16, **options)
    for (host, moving), expected in loop(build, a, b).items():
        if moving in result.moving.values:
            assert float(result.loss.sel(host=host, moving=moving).squeeze()) == pytest.approx(expected, abs=1e-6)
    for state, stored in zip((a, b), before, strict=True):
        assert all(torch.equal(state[key], stored[key]) for key in stored)
    return result


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))
