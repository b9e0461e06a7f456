"""`isthmus status`: what it says of work that is complete, stopped, running."""

import json
import os
from pathlib import Path

import pytest
from cases import CASES
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.held_folder import held_folder
from isthmus.progress_file import ProgressFile

MLP = CASES[0]


@pytest.fixture
def collection(tmp_path):
    networks = {name: MLP.weights(seed) for seed, name in enumerate("xyz")}
    isthmus.measure(MLP.build, networks, None, MLP.data(), sweep="full", out=tmp_path / "run")
    return tmp_path / "run"


def said(*arguments):
    result = CliRunner().invoke(app, ["status", *map(str, arguments)])
    return result.exit_code, result.output


def stopped(folder):
    """A run that was stopped: its record says so, and what it said last is there."""
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"complete": False}))
    ProgressFile(folder, "measure", "losses", done=40, of=100).advance(10, loss=0.5)


def test_a_member_that_a_worker_elsewhere_is_at_is_named_with_the_worker_and_one_left_behind_is_not(collection):
    for folder in (collection, collection / "members" / "x-y", collection / "members" / "x-z"):
        stopped(folder)
    left = collection / "members" / "x-z" / "progress.jsonl"
    lines = [json.loads(line) for line in left.read_text().splitlines()]
    left.write_text("".join(json.dumps(line | {"time": "2020-01-01T00:00:00Z"}) + "\n" for line in lines))
    with held_folder(collection):
        works = {Path(work["folder"]).name: work for work in json.loads(said(collection, "--json")[1])}
    assert (works["x-y"]["state"], works["x-z"]["state"]) == ("running", "stopped")
    assert works["x-y"]["holder"].startswith(f"process {os.getpid()} on host ")
    assert ", for process " in works["x-y"]["holder"]


def test_what_is_complete_is_counted_and_named_when_asked(collection):
    assert said(collection) == (0, f"collection   complete  {collection}\n4 complete\n")
    assert said(collection, "--all")[1].count("measure      complete") == 3


def test_a_stopped_member_is_named_with_what_is_left(collection):
    stopped(collection / "members" / "x-z")
    status, text = said(collection)
    assert status == 0
    assert f"measure      stopped   {collection / 'members' / 'x-z'}; 50 of 100 losses" in text
    assert "loss 0.5" in text
    assert text.endswith("3 complete, 1 stopped\n")


def test_a_running_one_is_named_with_who_holds_it(collection):
    member = collection / "members" / "x-y"
    stopped(member)
    with held_folder(member) as hold:
        found = json.loads(said(collection, "--json")[1])
    (running,) = [work for work in found if work["state"] == "running"]
    assert running["folder"] == str(member)
    assert f"process {hold.holder.pid} on host" in running["holder"]
    assert (running["done"], running["of"], running["unit"]) == (50, 100, "losses")
    assert running["seconds_silent"] >= 0


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_a_folder_of_other_things_is_refused(tmp_path, place):
    status, text = said(tmp_path / place)
    assert status == 2
    assert "a folder that was given to --out" in text


def test_a_manifest_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "study.json").write_text("{")
    assert "study.json, unreadable" in said(tmp_path)[1]


@pytest.mark.parametrize("command", ["status", "report", "explore"])
def test_a_file_in_place_of_a_folder_is_called_one(tmp_path, command):
    page = tmp_path / "report.html"
    page.write_text("<html>")
    for path, got in ((page, "got a file"), (tmp_path / "nothing", "got no such folder")):
        result = CliRunner().invoke(app, [command, str(path)])
        assert result.exit_code == 2
        assert got in result.output
