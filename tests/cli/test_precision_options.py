"""`isthmus measure --precision`, from the arguments to the report."""

import json

import numpy as np
import pytest
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app

CNN = CASES[1]
NUM_EXAMPLES = 700


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for seed, name in enumerate("ab"):
        save_file(CNN.weights(seed), folder / f"{name}.safetensors")
    inputs, targets = CNN.data(NUM_EXAMPLES)
    np.savez(folder / "data.npz", inputs=inputs.numpy(), targets=targets.numpy())

    def run(*more):
        arguments = [
            *("measure", folder / "a.safetensors", folder / "b.safetensors"),
            *("--model", "cnn:width=4", "--data", folder / "data.npz", *more),
        ]
        found = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return found.exit_code, found.stdout, found.stderr

    return run


def test_the_options_ask_for_a_precision_and_the_report_says_what_its_intervals_mean(measured, tmp_path):
    status, out, err = measured("--precision", "0.1", "--simultaneous", "--json", "--out", tmp_path / "run")
    assert status == 0, err
    rows = json.loads(out)["rows"]
    assert max(row["loss_barrier_high"] - row["loss_barrier_low"] for row in rows) <= 0.2
    assert {row["num_examples"] for row in rows} < set(range(NUM_EXAMPLES))
    result = isthmus.load_run(tmp_path / "run")
    assert result.attrs["interval_target"] == "dataset"
    assert (result.attrs["precision"], result.attrs["simultaneous"]) == (0.1, 1)
    assert "mean over the named data" in (tmp_path / "run" / "report.html").read_text()


def test_a_precision_that_is_not_positive_is_refused_before_anything_is_loaded(measured):
    status, _, err = measured("--precision", "-1")
    assert status == 2
    assert "--precision" in err
    status, _, err = measured("--simultaneous")
    assert status == 2
    assert "a precision with it" in err
