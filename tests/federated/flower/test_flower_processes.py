"""Flower's own processes on this machine: simulation on Ray, deployment, and a server that is killed."""

import json
import os
from pathlib import Path

import pytest
from federations import ROOT, SETTINGS, files_of, recipe

from isthmus.federated.federate import federate
from isthmus.federated.flower.simulation import simulate
from isthmus.federated.manifest import load_manifest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """What Flower starts finds this isthmus, and apps of the tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(HERE)]))


def saved_recipe(folder, **changes):
    values = SETTINGS | changes
    optimizer = ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.pop("optimizer").items())
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    file = folder / "recipe.toml"
    file.write_text("".join(lines) + f"optimizer = {{ {optimizer} }}\n")
    return file


def without_seconds(out):
    return load_manifest(out) | {"seconds": []}


def test_a_simulation_makes_the_same_bytes_as_this_process(tmp_path):
    """Three rounds, of a rule that averages a part."""
    changes = {"rules": ["body"], "clients": 2}
    told = []
    simulate(saved_recipe(tmp_path, **changes), tmp_path / "there", num_clients=2, tell=told.append)
    assert [(one.rule, one.round) for one in told] == [("body", 1), ("body", 2), ("body", 3)]
    federate(recipe(**changes), tmp_path / "here")
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert without_seconds(tmp_path / "there") == without_seconds(tmp_path / "here")
