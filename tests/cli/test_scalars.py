"""`isthmus status --tensorboard` and `--wandb`: losses of trainings and what other work says, in both alike."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.cli.output.scalars import scalars_in
from isthmus.cli.output.work import work_in
from isthmus.errors import InputError
from isthmus.progress_file import ProgressFile

SCALARS = [
    ("federated", "error_rate", 0.5, 1),
    ("trained/x", "training_loss", 0.7, 5),
    ("trained/x", "training_loss", 0.25, 10),
]


def said(*arguments):
    result = CliRunner().invoke(app, ["status", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def work(tmp_path):
    network = tmp_path / "work" / "trained" / "x"
    network.mkdir(parents=True)
    (network / "recipe.json").write_text('{"length": "2ep"}')
    (network / "log.csv").write_text("epoch,iteration,training_loss\n1,5,0.7\n2,10,0.25\n")
    federation = tmp_path / "work" / "federated"
    federation.mkdir()
    (federation / "federated.json").write_text('{"complete": false}')
    ProgressFile(federation, "federate", "rounds").advance(1, rule="all", error_rate=0.5)
    return tmp_path / "work"


def test_losses_that_are_no_numbers_are_refused(work):
    (work / "trained" / "x" / "log.csv").write_text("epoch,iteration,training_loss\n1,five,0.7\n")
    with pytest.raises(InputError, match="expected losses as isthmus train writes them"):
        list(scalars_in(work_in(work), work))


def test_losses_and_what_work_says_are_scalars(work):
    found = [(name, *scalar) for name, scalars in scalars_in(work_in(work), work) for scalar in scalars]
    assert [row for row in found if row[1] != "seconds"] == SCALARS
    ((name, _),) = scalars_in(work_in(work / "federated"), work / "federated")
    assert name == "federated"  # of one piece of work, its own


def test_tensorboard_gets_them(work, tmp_path, monkeypatch):
    """A stand-in for the writer, which is an extra; the figures are the log's."""
    written = []

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def add_scalar(self, name, value, step):
            written.append((name, value, step))

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=Writer))
    assert said(work, "--tensorboard", tmp_path / "scalars")[0] == 0
    expected = [(f"{name}/{scalar}", value, step) for name, scalar, value, step in SCALARS]
    assert [row for row in written if "seconds" not in row[0]] == expected


@pytest.mark.parametrize(("option", "package"), [("tensorboard", "tensorboardX"), ("wandb", "wandb")])
def test_a_package_that_is_missing_is_named_with_its_extra(work, tmp_path, monkeypatch, option, package):
    monkeypatch.setitem(sys.modules, package, None)
    status, text = said(work, f"--{option}", tmp_path / "scalars")
    assert (status, f"isthmus[{option}]" in text) == (2, True)


needs_wandb = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="needs the extra wandb")


def status_with_wandb(work, place, project, **environment):
    """In a process and a home of its own: W&B keeps one service and its settings for a process."""
    place.mkdir()
    (place / "home").mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    return subprocess.run(
        [sys.executable, "-m", "isthmus", "status", str(work), "--json", "--wandb", project],
        cwd=place, env={**own, "HOME": str(place / "home"), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def records(file: Path):
    """The records of a file that W&B keeps until it is synced: LevelDB's log, of one block here."""
    data = file.read_bytes()
    assert data[:4] == b":W&B"
    assert len(data) < 2**15
    place = 7
    while place < len(data):
        (length, kind) = struct.unpack_from("<HB", data, place + 4)
        assert kind == 1  # a record that is whole
        yield data[place + 7 : place + 7 + length]
        place += 7 + length


def logged(file: Path):
    """The name of the run and the rows of its history."""
    from wandb.proto.wandb_internal_pb2 import Record

    name, rows = "", []
    for data in records(file):
        record = Record.FromString(data)
        if record.HasField("run"):
            name = record.run.display_name
            assert (record.run.project, record.run.run_group) == ("llmc", "work")
        if record.HasField("history"):
            items = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            rows += [(key, value, items["step"]) for key, value in items.items() if key[0] != "_" and key != "step"]
    return [(name, *row) for row in rows]


@needs_wandb
def test_weights_and_biases_gets_them_offline(work, tmp_path):
    done = status_with_wandb(work, tmp_path / "there", "llmc")
    assert done.returncode == 0, done.stderr
    assert "scalars: 2 runs of the project llmc, offline" in done.stderr
    assert {entry["kind"] for entry in json.loads(done.stdout)} == {"train", "federate"}  # nothing else is on it
    files = (tmp_path / "there" / "wandb").glob("offline-run-*/*.wandb")
    found = sorted(row for file in files for row in logged(file) if row[1] != "seconds")
    assert found == sorted(SCALARS)


@needs_wandb
def test_weights_and_biases_own_settings_decide_whether_it_is_offline(work, tmp_path):
    done = status_with_wandb(work, tmp_path / "there", "llmc", WANDB_MODE="disabled")
    assert "2 runs of the project llmc, disabled" in done.stderr
    assert not list((tmp_path / "there").rglob("*.wandb"))


@needs_wandb
def test_a_project_that_weights_and_biases_refuses_is_wrong_input(work, tmp_path):
    done = status_with_wandb(work, tmp_path / "there", "a/b")
    assert done.returncode == 2
    assert "cannot contain" in done.stderr
