"""The command line with more than two networks: pairs, trajectories, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from cases import CASES
from test_cli import run
from torchless import statuses

from isthmus.weights.checkpoint import save_weights

MLP = CASES[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for seed, name in enumerate("abcd"):
        save_weights(MLP.weights(seed), folder / f"{name}.safetensors")
    for run_number, name in enumerate(("one", "two")):
        for step in (1, 5, 20):
            save_weights(MLP.weights(100 * run_number + step), folder / name / f"{step}ep.safetensors")
    inputs, targets = MLP.data(10)
    np.savez(folder / "data.npz", inputs=inputs.numpy(), targets=targets.numpy())
    return folder


def measure(files, *more):
    return run("measure", *more, "--model", "mlp:inputs=12,width=7", "--data", files / "data.npz")


def networks(files, *names):
    return [files / f"{name}.safetensors" for name in names]


def test_three_networks_give_all_pairs_with_files_a_page_and_a_line_for_each_member(files, tmp_path):
    status, out, err = measure(files, *networks(files, "c", "a", "b"), "--out", tmp_path / "run")
    assert status == 0, err
    assert [line for line in err.splitlines() if line.startswith("member")] == [
        "member 1 of 3: c-a",
        "member 2 of 3: c-b",
        "member 3 of 3: a-b",
    ]
    assert "full network  a" in out
    assert pd.read_parquet(tmp_path / "run" / "results.parquet").pair.unique().tolist() == ["c-a", "c-b", "a-b"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Over 3 pairs" in page
    status, out, err = run("report", tmp_path / "run")
    assert status == 0, err
    status, _, err = run("report", tmp_path / "run", tmp_path / "run" / "members" / "a-b", "--out", tmp_path / "page")
    assert status == 2
    assert "one collection alone" in err
    assert run("report", tmp_path / "run" / "members" / "a-b")[0] == 0


def test_two_folders_of_steps_give_a_dimension_of_steps_and_steps_chooses(files):
    status, out, err = measure(files, files / "one", files / "two", "--json", "--steps", "20ep,1ep", "--no-progress")
    assert status == 0, err
    assert err == ""
    assert list(dict.fromkeys(row["step"] for row in json.loads(out)["rows"])) == ["1ep", "20ep"]


def test_paired_networks_are_pairs_two_by_two(files):
    status, out, err = measure(files, *networks(files, "a", "b", "c", "d"), "--paired", "--json", "--sweep", "full")
    assert status == 0, err
    assert list(dict.fromkeys(row["pair"] for row in json.loads(out)["rows"])) == ["a-b", "c-d"]


def test_two_networks_are_measured_as_ever(files, tmp_path):
    status, out, err = measure(files, *networks(files, "a", "b"), "--json", "--out", tmp_path / "run")
    assert status == 0, err
    assert "member" not in err
    assert not {"pair", "step"} & set(json.loads(out)["rows"][0])
    assert json.loads((tmp_path / "run" / "run.json").read_text())["a"]["name"] == "a.safetensors"


def test_a_dry_run_plans_the_first_member_and_counts_the_others(files, tmp_path):
    status, out, err = measure(files, files / "one", files / "two", "--dry-run", "--json", "--out", tmp_path / "run")
    assert status == 0, err
    assert json.loads(out)["num_members"] == 3
    assert "the first of 3 members" in measure(files, files / "one", files / "two", "--dry-run")[1]
    assert "num_members" not in json.loads(measure(files, *networks(files, "a", "b"), "--dry-run", "--json")[1])
    assert not (tmp_path / "run").exists()


def test_wrong_networks_give_status_two_and_one_message(files, tmp_path):
    one = files / "one"
    wrong = {
        "one alone": (networks(files, "a"), "two checkpoints, or more"),
        "an odd number of paired": ([*networks(files, "a", "b", "c"), "--paired"], "an even number"),
        "a trajectory and a checkpoint": ([one, *networks(files, "a")], "trajectories alone"),
        "the same twice": (networks(files, "a", "b", "a"), "a more than once"),
        "no step": ([one, files / "two", "--steps", "3"], "a step in training"),
        "an absent step": ([one, files / "two", "--steps", "3ep"], "a step of every trajectory"),
        "steps of checkpoints": ([*networks(files, "a", "b"), "--steps", "3ep"], "trajectories to choose steps from"),
        "no such file": ([*networks(files, "a", "b"), files / "none.pt"], "nothing there"),
    }
    for name, (arguments, words) in wrong.items():
        status, out, err = measure(files, *arguments, "--out", tmp_path / "run")
        assert (status, out) == (2, ""), (name, err)
        assert words in err, (name, err)
        assert "Traceback" not in err, name
        assert not (tmp_path / "run").exists(), name


def test_wrong_numbers_of_networks_and_wrong_steps_are_refused_before_torch_is_imported():
    wrong = [["a"], ["a", "b", "c", "--paired"], ["a", "b", "--steps", "soon"]]
    commands = [["measure", *arguments, "--model", "cnn", "--data", "digits"] for arguments in wrong]
    assert statuses(*commands) == [2, 2, 2]
    assert all("expected" in run(*command)[2] for command in commands)


def test_help_says_how_to_give_several_networks_and_trajectories():
    words = " ".join(run("measure", "--help")[1].split())
    assert "Three or more: all pairs are measured." in words
    assert "every step that all of them have" in words
    assert "A B C D are the pairs A-B and C-D" in words
