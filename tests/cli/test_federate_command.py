"""`isthmus federate` on Flower: what is refused, and what Flower is asked for."""

from pathlib import Path

import pytest
from federations import saved_recipe
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.federated.federate import federate
from isthmus.federated.file import load_federated_recipe
from isthmus.federated.flower import simulation


def run(*arguments):
    result = CliRunner().invoke(app, ["federate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_flower_is_asked_for_the_clients_of_the_recipe_and_the_summary_is_printed(tmp_path, monkeypatch):
    def simulate(recipe: Path, out: Path, *, num_clients, resume, data_root, tell):
        assert (num_clients, resume, data_root) == (2, True, None)
        federate(load_federated_recipe(recipe), out, resume=resume, tell=tell)

    monkeypatch.setattr(simulation, "simulate", simulate)
    file = saved_recipe(tmp_path, clients=2, rounds=1)
    status, out, err = run(file, "--out", tmp_path / "out", "--engine", "flower", "--resume")
    assert status == 0, err
    assert "all       " in err
    assert "After 1 round" in out


@pytest.mark.parametrize(
    ("extra", "arguments", "message"),
    [
        ("", ("--processes", 2), "leave --processes out"),
        ('[[federation]]\nname = "a"\n[[federation]]\nname = "b"\n', (), "write a recipe for each"),
        ("", ("--engine", "there"), "'here', 'flower'"),
    ],
)
def test_what_flower_cannot_do_is_refused(tmp_path, extra, arguments, message):
    file = saved_recipe(tmp_path)
    file.write_text(file.read_text() + extra)
    status, _, err = run(file, "--out", tmp_path / "out", "--engine", "flower", *arguments)
    assert status == 2
    assert message in err


def test_a_folder_that_is_there_is_refused_before_flower_starts(tmp_path):
    (tmp_path / "federated.json").touch()
    status, _, err = run(saved_recipe(tmp_path), "--out", tmp_path, "--engine", "flower")
    assert status == 2
    assert "add --resume" in err
