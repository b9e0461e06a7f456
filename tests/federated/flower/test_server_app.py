"""What the ServerApp says, and what whoever started it makes of that."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from direct_grid import DirectGrid
from federations import saved_recipe
from flwr.app import Context, RecordDict

from isthmus.errors import InputError, IsthmusError
from isthmus.federated.flower import server_app
from isthmus.federated.flower.settings import RunSettings
from isthmus.federated.flower.simulation import follow


def followed(folder, said, told=lambda _: None):
    log = folder / "run.log"
    log.write_text(said)
    with subprocess.Popen([sys.executable, "-c", ""]) as run:
        follow(run, SimpleNamespace(log_file=lambda _: log), told)


def test_rounds_and_refusals_reach_whoever_started_the_run(tmp_path, capsys):
    file = saved_recipe(tmp_path, rounds=1, clients=2)
    settings = RunSettings(recipe=str(file), out=str(tmp_path / "out")).values()
    context = Context(run_id=1, node_id=0, node_config={}, state=RecordDict(), run_config=settings)
    server_app.main(DirectGrid(2, settings), context)
    told = []
    followed(tmp_path, capsys.readouterr().out, told.append)
    assert [(one.rule, one.round, one.rounds) for one in told] == [("all", 1, 1)]

    with pytest.raises(InputError):
        server_app.main(DirectGrid(2, settings), context)
    with pytest.raises(InputError, match="add --resume") as refused:
        followed(tmp_path, capsys.readouterr().out)
    assert refused.value.where == str(tmp_path / "out")


def test_a_run_that_ends_before_its_end_is_no_result(tmp_path):
    with pytest.raises(IsthmusError, match=r"without a result; it said:\nSegmentation fault"):
        followed(tmp_path, "Segmentation fault\n")
