"""The command line: what it prints, where, and with which exit status."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from cases import CASES
from safetensors.torch import save_file
from torchless import statuses
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.held_folder import held_folder

CNN = CASES[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    save_file(CNN.weights(0), folder / "a.safetensors")
    save_file(CNN.weights(1), folder / "b.safetensors")
    inputs, targets = CNN.data(10)
    np.savez(folder / "data.npz", inputs=inputs.numpy(), targets=targets.numpy())
    save_file({"inputs": inputs, "targets": targets}, folder / "train.safetensors")
    (folder / "own.py").write_text(
        "import torch\nfrom isthmus.models.load import load_model\n"
        "def build():\n    return load_model('cnn:width=4')\n"
        "def losses(outputs, targets):\n    return (outputs.sum(1) * 0 + 2.5)\n"
    )
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def measure(files, *more, model="cnn:width=4"):
    data = ("--data", files / "data.npz")
    return run("measure", files / "a.safetensors", files / "b.safetensors", "--model", model, *data, *more)


def test_the_command_gives_the_numbers_of_the_function(files):
    status, out, err = measure(files, "--json", "--alphas", "0,0.5", "--batch-size", "4")
    assert status == 0, err
    printed = json.loads(out)
    data = (torch.tensor(np.load(files / "data.npz")["inputs"]), torch.tensor(np.load(files / "data.npz")["targets"]))
    result = isthmus.measure(CNN.build, CNN.weights(0), CNN.weights(1), data, alphas=(0.0, 0.5), batch_size=4)
    assert len(printed["rows"]) == result.loss.size
    for row in printed["rows"]:
        cell = result.sel(host=row["host"], moving=row["moving"], alpha=row["alpha"])
        assert row["loss"] == float(cell.loss)
        assert row["loss_barrier_high"] == float(cell.loss_barrier_high)


def test_results_go_to_standard_output_and_progress_to_standard_error(files, tmp_path):
    status, out, err = measure(files, "--out", tmp_path / "run", "--alphas", "3")
    assert status == 0, err
    assert "full network" in out
    assert "conv6" in out
    assert "points" in err
    assert "examples/s" in err
    assert "examples/s" not in out
    assert str(tmp_path / "run" / "report.html") in out.replace("\n", "")
    made = {str(p.relative_to(tmp_path / "run")) for p in (tmp_path / "run").rglob("*") if p.is_file()}
    assert {"run.json", "results.parquet", "classes.parquet", "report.html", "figures/distances.svg"} <= made
    assert pd.read_parquet(tmp_path / "run" / "results.parquet").alpha.nunique() == 3
    assert "no-progress" not in measure(files, "--no-progress")[2]
    assert measure(files, "--no-progress")[2] == ""


def test_a_run_goes_on_with_resume_and_is_refused_without(files, tmp_path):
    assert measure(files, "--out", tmp_path / "run", "--resume")[0] == 0
    status, out, err = measure(files, "--out", tmp_path / "run")
    assert (status, out) == (2, "")
    assert "--resume" in err
    assert measure(files, "--out", tmp_path / "run", "--resume")[0] == 0


def test_a_folder_that_another_process_works_in_is_wrong_input(files, tmp_path):
    with held_folder(tmp_path / "run"):
        for more in ((), ("--resume",)):
            status, out, err = measure(files, "--out", tmp_path / "run", *more)
            assert (status, out) == (2, "")
            assert f"process {os.getpid()} on host" in err
    assert not (tmp_path / "run").exists()


def test_data_repeats_for_several_splits(files, tmp_path):
    status, out, _ = measure(files, "--data", files / "train.safetensors", "--sweep", "full", "--json")
    assert status == 0
    assert len({row["split"] for row in json.loads(out)["rows"]}) == 2


def test_own_models_and_losses_come_from_a_file(files):
    status, out, err = measure(
        files, "--json", "--sweep", "full", "--loss", f"{files / 'own.py'}:losses", model=f"{files / 'own.py'}:build"
    )
    assert status == 0, err
    printed = json.loads(out)
    assert {row["loss"] for row in printed["rows"]} == {2.5}
    assert printed["attributes"]["model"] == "own.py:build"


def test_nan_is_printed_as_nan_with_a_warning(files, tmp_path):
    broken = CNN.weights(0) | {"fc.bias": torch.full((10,), float("nan"))}
    save_file(broken, tmp_path / "nan.safetensors")
    status, out, err = run("measure", tmp_path / "nan.safetensors", files / "b.safetensors", "--model", "cnn", "--data",
                           files / "data.npz", "--sweep", "full", "--json")  # fmt: skip
    assert status == 0
    assert "warning: network a holds NaN" in err
    assert json.loads(out)["rows"][0]["loss"] == "NaN"


def test_a_dry_run_prints_the_plan_and_measures_nothing(files, tmp_path):
    status, out, err = measure(
        files, "--dry-run", "--json", "--sweep", "single", "--sweep", "pairs", "--out", tmp_path / "r"
    )
    assert status == 0, err
    plan = json.loads(out)
    assert plan["num_points"] == 2 + 1 + 2 * 7 + 2 * 21
    assert plan["num_examples"] == 10
    assert 0 < plan["planned_flops"] < 0.6 * plan["naive_flops"]
    assert plan["forwards"] < plan["num_points"]
    assert plan["seconds"] > 0
    assert not (tmp_path / "r").exists()
    status, out, _ = measure(files, "--dry-run", "--engine", "direct")
    assert "17 points on 10 examples" in out
    assert "17.0 planned, 17 naive" in out


def test_report_joins_runs_and_refuses_what_is_none(files, tmp_path):
    for name in ("one", "two"):
        measure(files, "--out", tmp_path / name, "--sweep", "full")
    status, out, _ = run("report", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "page")
    assert status == 0
    assert (tmp_path / "page" / "report.html").exists()
    status, out, err = run("report", tmp_path)
    assert (status, out) == (2, "")
    assert "run.json" in err
    assert run("report", tmp_path / "one", tmp_path / "two")[0] == 2


class Malice:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (str(self.file), "w"))


def bad_inputs(files, folder):
    """Arguments after `measure`, and words that the message must hold."""
    a, b, data = files / "a.safetensors", files / "b.safetensors", files / "data.npz"
    torch.save(Malice(folder / "ran"), folder / "malice.pt")
    (folder / "cut.safetensors").write_bytes(b.read_bytes()[:-40])
    save_file({key: t for key, t in CNN.weights(1).items() if key != "fc.bias"}, folder / "keys.safetensors")
    save_file(CNN.weights(1) | {"fc.bias": torch.zeros(7)}, folder / "shapes.safetensors")
    inputs, targets = CNN.data(10)
    save_file({"inputs": inputs, "targets": targets + 5}, folder / "range.safetensors")
    model, good = ("--model", "cnn"), ("--data", data)
    save_file({"inputs": inputs, "targets": torch.zeros(10)}, folder / "floats.safetensors")
    return {
        "pickle with code": ([a, folder / "malice.pt", *model, *good], ["malice.pt", "code"]),
        "truncated": ([a, folder / "cut.safetensors", *model, *good], ["cut.safetensors", "whole safetensors file"]),
        "other keys": ([a, folder / "keys.safetensors", *model, *good], ["keys.safetensors", "1 missing: fc.bias"]),
        "other shapes": ([a, folder / "shapes.safetensors", *model, *good], ["fc.bias [7] instead of [10]"]),
        "other architecture": ([a, b, "--model", "resnet18_no_norm", *good], ["missing", "layer1.0.conv1.weight"]),
        "unknown model": ([a, b, "--model", "resnet18_nonorm", *good], ["Did you mean 'resnet18_no_norm'"]),
        "unknown option": ([a, b, "--model", "cnn:widht=4", *good], ["Did you mean 'width'"]),
        "unknown data": ([a, b, *model, "--data", "cifar11"], ["Did you mean 'cifar10'"]),
        "empty slice": ([a, b, *model, "--data", "digits:test[7:7]"], ["digits"]),
        "slice beyond the end": ([a, b, *model, "--data", "digits:test[0:501]"], ["500"]),
        "targets out of range": (
            [a, b, *model, "--data", folder / "range.safetensors"],
            ["targets from 0 to 9", "row"],
        ),
        "other channels": ([a, b, *model, "--data", "digits:test[0:9]"], ["inputs of shape (9, 1, 8, 8)"]),
        "alphas 0": ([a, b, *model, *good, "--alphas", "0"], ["--alphas", "0.5"]),
        "alphas 1": ([a, b, *model, *good, "--alphas", "1"], ["--alphas"]),
        "alphas text": ([a, b, *model, *good, "--alphas", "half"], ["'half'"]),
        "float targets": (
            [a, b, *model, "--data", folder / "floats.safetensors"],
            ["cross_entropy takes", "squared_error"],
        ),
        "hosts": ([a, b, *model, *good, "--hosts", "a,a"], ["name one host or both"]),
        "no such file": ([a, folder / "none.pt", *model, *good], ["none.pt", "nothing there"]),
        "baseline": ([a, b, *model, *good, "--baseline", "modles"], ["--baseline"]),
        "sweep": ([a, b, *model, *good, "--sweep", "windwo"], ["--sweep"]),
        "recalibrate": ([a, b, *model, *good, "--batch-norm", "recalibrate"], ["--recalibrate-on"]),
        "device": ([a, b, *model, *good, "--device", "tpu9"], ["--device"]),
    }


def test_bad_input_gives_status_two_one_message_no_traceback_and_nothing_written(files, tmp_path):
    for name, (arguments, words) in bad_inputs(files, tmp_path).items():
        before = set(tmp_path.rglob("*"))
        status, out, err = run("measure", *arguments, "--out", tmp_path / "run")
        assert (status, out) == (2, ""), (name, err)
        assert all(word in err for word in words), (name, err)
        assert "Traceback" not in err, name
        heads = [line.split()[0] for line in err.splitlines() if line.startswith(("expected", "     got", "   where"))]
        assert heads == ["expected", "got", "where"], (name, err)
        assert set(tmp_path.rglob("*")) == before, name


def test_a_folder_that_cannot_be_written_to_is_refused(files):
    status, out, err = measure(files, "--sweep", "full", "--out", "/proc/nothing/run")
    assert (status, out) == (2, "")
    assert "a writable folder" in err


def test_help_and_argument_errors_never_import_torch():
    good = ["a", "b", "--model", "cnn", "--data", "digits"]
    right = [["-h"], ["--version"], ["measure", "--help"], ["demo", "--help"], ["models"]]
    wrong = [[], [*good, "--alphas", "0"], ["a", "b", "--model", "cnm", "--data", "digits"],
             ["a", "b", "--model", "cnn", "--data", "digitz"], [*good, "--sweep", "x"],
             [*good, "--baseline", "x"]]  # fmt: skip
    assert statuses(*right, *(["measure", *arguments] for arguments in wrong)) == [0] * 5 + [2] * 6


def test_a_loss_of_the_users_that_fails_is_wrong_input_and_debug_shows_the_traceback(files, tmp_path):
    (tmp_path / "own.py").write_text("def losses(outputs, targets):\n    return outputs.nothing\n")
    arguments = ["measure", files / "a.safetensors", files / "b.safetensors", "--model", "cnn", "--data",
                 files / "data.npz", "--loss", f"{tmp_path / 'own.py'}:losses"]  # fmt: skip
    status, _, err = run(*arguments)
    assert status == 2
    assert "AttributeError" in err
    assert "Traceback" not in err
    command = [sys.executable, "-m", "isthmus", *map(str, arguments), "--debug"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert "Traceback" in process.stderr


def test_our_own_fault_has_status_one(files, monkeypatch):
    def broken(_result):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("isthmus.report.barriers.terminal.summary_texts", broken)
    status, _, err = measure(files, "--sweep", "full")
    assert status == 1
    assert "ZeroDivisionError: ours" in err
    assert "Traceback" not in err


def test_an_interrupt_ends_with_status_130_and_keeps_what_is_done(files, tmp_path):
    (tmp_path / "own.py").write_text(
        "calls = []\ndef losses(outputs, targets):\n    calls.append(1)\n"
        "    if len(calls) == 7:\n        raise KeyboardInterrupt\n    return outputs.sum(1)\n"
    )
    arguments = ["measure", files / "a.safetensors", files / "b.safetensors", "--model", "cnn", "--data",
                 files / "data.npz", "--loss", f"{tmp_path / 'own.py'}:losses", "--out", tmp_path / "run",
                 "--engine", "direct"]  # fmt: skip
    status, _, err = run(*arguments)
    assert status == 130, err
    assert "--resume" in err
    assert len(list((tmp_path / "run" / "examples").rglob("p*.parquet"))) == 2
    assert run(*arguments, "--resume")[0] == 130 or run(*arguments, "--resume")[0] == 0


def test_a_command_that_is_misspelt_is_guessed_once():
    status, _, err = run("measre")
    assert status == 2
    assert err.count("Did you mean") == 1
    assert "'measure'" in err


def test_help_has_no_signs_of_markup():
    status, out, _ = run("measure", "--help")
    assert status == 0
    assert "[default: module]" in out
    assert "\\[" not in out
