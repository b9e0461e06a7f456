"""Runs to explore: measured ones, one whose names are made to run, and a collection of many members."""

from collections import OrderedDict

import pytest
import torch
from cases import CASES
from explored_runs import HOSTILE
from torch import nn

import isthmus
from isthmus.pages.explorer.explored import Explored
from isthmus.pages.explorer.parts import Parts
from isthmus.pages.explorer.scales import Scales

MLP = CASES[0]
SWEEPS = ["single", "window:2"]
HOSTILE_SPLITS = ('"><svg onload=name=7>', "</template></script><script>name=7</script>")


def hostile_network():
    layers = [nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 10)]
    return nn.Sequential(OrderedDict(zip(HOSTILE, layers, strict=True)))


def hostile_weights(seed):
    torch.manual_seed(seed)
    return hostile_network().state_dict()


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Folders by name: two runs of two splits, one of a single alpha, and a hostile one."""
    folder = tmp_path_factory.mktemp("explored runs")
    data = {"train": MLP.data(30), "test": MLP.data(20, seed=3)}
    for name, seed in (("one", 0), ("two", 5)):
        pair = MLP.weights(seed), MLP.weights(seed + 1)
        isthmus.measure(MLP.build, *pair, data, sweep=SWEEPS, alphas=5, engine="direct", out=folder / name)
    isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(12), engine="direct", out=folder / "midpoint")
    inputs, targets = torch.randn(12, 5), torch.arange(12) % 10
    isthmus.measure(
        hostile_network, hostile_weights(0), hostile_weights(1), dict.fromkeys(HOSTILE_SPLITS, (inputs, targets)),
        alphas=3, engine="direct", out=folder / "hostile",
    )  # fmt: skip
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def parts_of():
    """Makes the parts of folders."""

    def made(*folders):
        explored = Explored(folders)
        return Parts(explored, Scales.of(explored))

    return made
