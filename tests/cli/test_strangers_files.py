"""Checkpoints as other people save them, through the command line: the same numbers as of bare state dicts."""

import argparse
import json

import pytest
import torch
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

from isthmus.cli.main import app

NET = next(case for case in CASES if case.name == "omniglot_cnn")
MODEL = ("--model", "omniglot_cnn")  # with BatchNorm; its width and classes are read from the checkpoint


def lit(weights):
    return {"state_dict": {f"model._orig_mod.{key}": tensor for key, tensor in weights.items()}, "epoch": 3}


def with_criterion(weights):
    return {"state_dict": {"loss.pos_weight": torch.ones(3)} | {f"net.{key}": t for key, t in weights.items()}}


def averaged(weights):
    return {"n_averaged": torch.tensor(9)} | {f"module.{key}": tensor for key, tensor in weights.items()}


def old(weights):
    return {key: tensor for key, tensor in weights.items() if not key.endswith("num_batches_tracked")}


FILES = {
    "beside": (lambda weights: {"state_dict": weights, "best_acc1": torch.tensor(76.0)}, "best_acc1"),
    "lit": (lit, "'model.'"),
    "with_criterion": (with_criterion, "loss.pos_weight"),
    "averaged": (averaged, "n_averaged"),
    "old": (old, "num_batches_tracked"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    inputs, targets = NET.data(8)
    save_file({"inputs": inputs, "targets": targets}, folder / "data.safetensors")
    for seed, name in enumerate("ab"):
        weights = NET.weights(seed)
        torch.save(weights, folder / f"bare_{name}.pt")
        for kind, (change, _) in FILES.items():
            torch.save(change(weights), folder / f"{kind}_{name}.pt")
    torch.save({"state_dict": NET.weights(0), "args": argparse.Namespace(lr=0.1)}, folder / "namespace_a.pt")
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def measured(files, a, b, *more):
    return run("measure", files / a, files / b, *MODEL, "--data", files / "data.safetensors", "--json", *more)


@pytest.fixture(scope="module")
def bare(files):
    status, out, err = measured(files, "bare_a.pt", "bare_b.pt")
    assert (status, "left out" in err) == (0, False)
    return json.loads(out)


@pytest.mark.parametrize("kind", FILES)
def test_a_stranger_s_file_gives_the_numbers_of_the_bare_one_and_says_what_was_done(files, bare, kind):
    status, out, err = measured(files, f"{kind}_a.pt", "bare_b.pt")
    assert status == 0, err
    assert json.loads(out)["rows"] == bare["rows"]
    assert any(line.startswith("a: ") and FILES[kind][1] in line for line in err.splitlines())
    assert any(FILES[kind][1] in note for note in json.loads(out)["attributes"]["notes"])


@pytest.mark.parametrize("kind", FILES)
def test_inspect_shows_the_layers_of_the_bare_network(files, kind):
    expected = run("inspect", files / "bare_a.pt", files / "bare_b.pt", *MODEL, "--json")[1]
    status, out, err = run("inspect", files / f"{kind}_a.pt", files / "bare_b.pt", *MODEL, "--json")
    assert status == 0, err
    assert json.loads(out) == json.loads(expected)
    assert FILES[kind][1] in err


def test_the_run_s_record_names_what_was_done(files, tmp_path):
    assert measured(files, "lit_a.pt", "averaged_b.pt", "--out", tmp_path / "run")[0] == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert any("'model.'" in note for note in record["a"]["notes"])
    assert any("n_averaged" in note for note in record["b"]["notes"])


def test_objects_beside_the_weights_are_left_out_and_their_class_is_named(files):
    for status, _, err in (
        run("inspect", files / "namespace_a.pt", files / "bare_b.pt"),
        measured(files, "namespace_a.pt", "bare_b.pt"),
    ):
        assert status == 0, err
        assert "objects of argparse.Namespace were left out; no code of theirs was run" in err


def test_a_study_says_what_was_done_as_well(files):
    data = ("--data", files / "data.safetensors", "--json")
    status, out, err = run("similarity", files / "lit_a.pt", files / "bare_b.pt", *MODEL, *data)
    assert status == 0, err
    assert "a: the prefix 'model.' was stripped from every key" in err
    assert any("'model.'" in note for note in json.loads(out)["attributes"]["notes"])
