"""`isthmus train`: what it prints, where, and how it ends."""

import json
from pathlib import Path

import pytest
from torchless import statuses
from typer.testing import CliRunner

from isthmus.cli.main import app

TOML = """
model = "mlp:inputs=64,width=4"
data = "digits:train[0:40]"
length = "4ep"
batch_size = 8
optimizer = { name = "sgd", learning_rate = 0.1 }
[[network]]
name = "a"
[[network]]
name = "b"
seeds = { order = 1 }
"""
OWN_MODEL = "from torch import nn\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN_MODEL)
    Path("r.toml").write_text(TOML.replace("mlp:inputs=64,width=4", "own.py:build"))
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_folders_go_to_standard_output_and_a_table_to_standard_error(folder):
    status, out, err = run("train", "r.toml", "--out", "out", "--device", "cpu")
    assert status == 0, err
    assert out.splitlines() == [str(Path("out") / name) for name in "ab"]
    header, *rows = err.splitlines()
    assert header.split() == ["network", "step", "of", "training", "loss", "seconds"]
    assert [row.split()[:3] for row in rows] == [[name, f"{n}ep", "4ep"] for name in "ab" for n in range(1, 5)]
    first, last = (float(rows[number].split()[3]) for number in (0, 3))
    assert last < first


def test_processes_train_side_by_side_and_still_list_folders_in_order(folder):
    status, out, err = run("train", "r.toml", "--out", "out", "--device", "cpu", "--processes", 2)
    assert status == 0, err
    assert out.splitlines() == [str(Path("out") / name) for name in "ab"]
    assert sorted(row.split()[:2] for row in err.splitlines()[1:]) == [[n, f"{k}ep"] for n in "ab" for k in range(1, 5)]
    assert run("train", "r.toml", "--out", "none", "--processes", 0)[0] == 2
    assert not Path("none").exists()


def test_what_was_trained_can_be_measured(folder):
    assert run("train", "r.toml", "--out", "out")[0] == 0
    files = [folder / "out" / name / "4ep.safetensors" for name in "ab"]
    status, out, err = run("measure", *files, "--model", "own.py:build", "--data", "digits:test[0:20]", "--json")
    assert status == 0, err
    assert "all" in {row["moving"] for row in json.loads(out)["rows"]}


def test_resuming_a_finished_training_says_so(folder):
    assert run("train", "r.toml", "--out", "out")[0] == 0
    assert run("train", "r.toml", "--out", "out")[0] == 2
    status, out, err = run("train", "r.toml", "--out", "out", "--resume")
    assert (status, len(out.splitlines())) == (0, 2)
    assert err.count("there already") == 2


def test_wrong_recipes_end_with_status_2_and_name_field_and_file(folder):
    Path("r.toml").write_text(TOML.replace("batch_size", "batchsize"))
    status, _, err = run("train", "r.toml", "--out", "out")
    assert status == 2
    assert "batchsize of network 'a' in r.toml" in err
    assert "Did you mean 'batch_size'" in err
    assert not Path("out").exists()


def test_a_divergence_ends_with_status_2_and_names_iteration_and_checkpoint(folder):
    Path("r.toml").write_text(Path("r.toml").read_text().replace("0.1", "1e38"))
    status, _, err = run("train", "r.toml", "--out", "out")
    assert status == 2
    assert "in iteration 2 (mini-batch 2 of epoch 1); the last good checkpoint is 0ep" in err


def test_help_and_wrong_recipes_never_import_torch(folder):
    Path("r.toml").write_text("length = 3")
    assert statuses(["train", "--help"], ["train", "r.toml", "--out", "out"]) == [0, 2]
