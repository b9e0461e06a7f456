"""What a claim states is what its module computes: every one is run, on small random networks in place of its own."""

from itertools import pairwise

import pytest
import torch
import xarray as xr
from matplotlib.figure import Figure
from torch import nn

import isthmus
from isthmus.experiments.claims import fig2, fig4, pythia
from isthmus.experiments.evidence import panels
from isthmus.experiments.evidence.barriers import CONNECTED
from isthmus.experiments.evidence.criterion import criteria_of
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.recipes import TrainedNetworks, shipped_recipes
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale

CLAIMS = known_claims()
ELSEWHERE = {
    "fig3": "tests/cli/test_reproduce_command.py, whole",
    "theorem": "tests/cli/test_reproduce_command.py, whole",
    "fig5": "test_noise_estimates.py, on made studies",
    "clients": "test_client_costs.py, on layers of an MLP",
}
"""Claims whose own networks are needed, and where what they compute is judged."""

OWN_NETWORKS = {"alignment"}
"""Claims that permute their networks, which nobody can make up."""


def build(num_layers):
    widths = [64, *[4] * (num_layers - 1), 10]
    return nn.Sequential(nn.Flatten(), *(nn.Linear(*pair) for pair in pairwise(widths)))


class MadeBench(Bench):
    """Networks that nobody trained, and measurements of others that are as many."""

    def train_networks(self, claim=None, names=()):
        del names
        return TrainedNetworks(self.folder, shipped_recipes(claim or self.claim, self.scale))

    def measure(self, name, model, data, **options):
        is_cumulative = self.claim == "fig2"
        num_layers, pairs = (fig2.LAYERS, "1") if is_cumulative else (3, options["b"] or "1")
        a, b = ([build(num_layers).state_dict() for _ in pairs] for _ in "ab")
        asked = {option: options[option] for option in ("sweep", "alphas", "directions") if option in options}
        splits = dict.fromkeys(data, "digits:test[0:12]")
        made = isthmus.measure(build(num_layers), a, b, splits, engine="direct", **asked)
        return xr.concat([made, made], xr.IndexVariable("step", ["0it", "1it"])) if "steps" in name else made


@pytest.fixture
def _drawn_quickly(monkeypatch):
    for module, names in (
        (panels, ("columns_heatmap", "replicate_bars")),
        (fig2, ("cumulative_curves",)),
        (fig4, ("curves", "robustness_panels")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, lambda *_, **__: Figure())

    def save_nothing(root, names, steps):
        for folder in (root / name / f"step{step}" for name in names for step in steps):
            folder.mkdir(parents=True)

    monkeypatch.setattr(pythia, "save_tiny_networks", save_nothing)


@pytest.mark.usefixtures("_drawn_quickly")
@pytest.mark.parametrize("name", sorted(set(CLAIMS) - set(ELSEWHERE)))
def test_every_criterion_that_is_stated_is_computed_and_no_other(name, tmp_path):
    claim = CLAIMS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bench = Bench if name in OWN_NETWORKS else MadeBench
        evidence = claim.run(bench(name, Scale.SMOKE, tmp_path, None))
    assert len(criteria_of(claim.criteria, evidence.found)) == len(claim.criteria) * len(evidence.found)
    assert evidence.pictures


def test_words_name_the_numbers_that_the_code_counts_with():
    connected = [claim.criteria["connected"].words for claim in CLAIMS.values() if "connected" in claim.criteria]
    assert len(connected) == 9
    assert all(f"an error barrier of {100 * CONNECTED:g} %" in words for words in connected)
    first, last, ends = [CLAIMS["fig2"].criteria[name].words for name in ("first_third", "last_third", "both_ends")]
    assert f"first {fig2.THIRD} of {fig2.LAYERS} layers" in first
    assert f"last {fig2.THIRD} layers" in last
    assert f"{fig2.ENDS} layers" in ends
