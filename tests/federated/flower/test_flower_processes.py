"""Flower's own processes on this machine: simulation on Ray, deployment, and a server that is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from federations import ROOT, files_of, recipe, saved_recipe

from isthmus.errors import IsthmusError
from isthmus.federated.federate import federate
from isthmus.federated.flower.loopback import loopback
from isthmus.federated.flower.settings import RunSettings, save_app
from isthmus.federated.flower.simulation import follow, simulate
from isthmus.federated.results.tables import load_manifest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """What Flower starts finds this isthmus, and apps of the tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(HERE)]))


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


def app_folder(folder, **components):
    """The app's folder, with apps of the tests in place of isthmus's."""
    file = save_app(folder) / "pyproject.toml"
    text = file.read_text()
    for component, reference in components.items():
        old = f'{component} = "isthmus.federated.flower.{component.replace("app", "_app")}:app"'
        assert old in text
        text = text.replace(old, f'{component} = "{reference}:app"')
    file.write_text(text)
    return folder


@pytest.mark.slow
def test_the_server_is_killed_three_times_and_the_bytes_are_the_same(tmp_path):
    changes = {"rules": ["body"], "clients": 2}
    file, out = saved_recipe(tmp_path, **changes), tmp_path / "there"
    settings = RunSettings(recipe=str(file), out=str(out), resume=True, client_folder=str(out)).values()
    dying = app_folder(tmp_path / "dying", serverapp="dying_server")
    rounds = []
    with loopback(is_simulation=True) as link:
        # Round 1 has its mean, but no record; round 2 no mean yet; clients train for round 3.
        for moment in ("rename 4", "rename 6", "asking 4"):
            (tmp_path / "moment.txt").write_text(moment)
            with pytest.raises(IsthmusError, match="ended without a result"):
                follow(link.start_run(dying, settings, 2), link, lambda _: None)
            rounds.append(len(list(out.glob("work/body/seed-0/round-*.json"))))
            assert not load_manifest(out)["complete"]
        follow(link.start_run(save_app(tmp_path / "app"), settings, 2), link, lambda _: None)
    assert rounds == [0, 1, 2]
    federate(recipe(**changes), tmp_path / "here")
    assert files_of(out) == files_of(tmp_path / "here")


@pytest.mark.slow
def test_faults_of_every_kind_at_once_are_named_and_the_run_ends(tmp_path):
    file, out = saved_recipe(tmp_path, clients=6, partition="iid"), tmp_path / "out"
    settings = RunSettings(recipe=str(file), out=str(out), client_folder=str(out), timeout=60.0).values()
    faulty = app_folder(tmp_path / "faulty", clientapp="faulty_clients")
    with loopback(is_simulation=True) as link:
        follow(link.start_run(faulty, settings, 6), link, lambda _: None)
    traffic = (
        pq.read_table(out / "traffic.parquet").to_pandas().pivot(index="round", columns="client", values="left_out")
    )
    assert set(traffic.loc[1]) == {""}
    assert traffic.loc[2].to_dict() == {
        0: "",
        1: "its app failed (Flower's error 2)",
        2: "no reply within 60 seconds",
        3: "a number that is not finite in fc.bias",
        4: "no fc.bias",
        5: "shape (11,) of fc.bias, expected (10,)",
    }
    senders = pq.read_table(out / "exchanges.parquet", filters=[("round", "==", 2)])["num_senders"]
    assert set(senders.to_pylist()) == {1}
    assert load_manifest(out)["complete"]


@pytest.mark.slow
def test_two_supernodes_in_processes_of_their_own_make_the_numbers_of_this_process():
    program = [sys.executable, str(ROOT / "examples" / "federated_deployment.py")]
    said = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert "the same numbers and networks, to the bit" in said
