"""`isthmus measure --align`: before and after, side by side."""

import json

import pytest
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app

MLP = CASES[0]


@pytest.fixture
def files(tmp_path):
    inputs, targets = MLP.data(30)
    save_file({"inputs": inputs, "targets": targets}, tmp_path / "data.safetensors")
    for name, seed in (("a", 0), ("b", 1), ("c", 2)):
        save_file(MLP.weights(seed), tmp_path / f"{name}.safetensors")
    return tmp_path


def invoked(files, *more, networks="ab"):
    paths = [str(files / f"{name}.safetensors") for name in networks]
    options = ["--model", "mlp:inputs=12,width=7,classes=10", "--data", str(files / "data.safetensors")]
    return CliRunner().invoke(app, ["measure", *paths, *options, "--sweep", "full", *more])


@pytest.mark.parametrize("how", ["weights", "activations"])
def test_both_pairs_stand_side_by_side(files, how):
    examples = str(files / "data.safetensors")
    result = invoked(files, "--align", how if how == "weights" else examples, "--json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["rows"]
    assert {row["pair"] for row in rows} == {"a-b", "a-b_aligned"}
    aligned = isthmus.align(MLP.weights(0), MLP.weights(1), model=MLP.build, data=examples, by=how).weights
    alone = isthmus.measure(MLP.build, MLP.weights(0), aligned, MLP.data(30), sweep="full")
    (row,) = [row for row in rows if row["pair"] == "a-b_aligned" and row["host"] == "a"]
    assert row["loss"] == pytest.approx(float(alone.loss.sel(host="a", moving="all")[0]), rel=1e-6)


def test_three_networks_are_not_aligned_at_once(files):
    result = invoked(files, "--align", "weights", networks="abc")
    assert result.exit_code == 2
    assert "align one to another at a time" in result.stderr
