"""`isthmus inspect`: layers, shapes and distances, whatever the numbers."""

import json

import pytest
import torch
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

from isthmus.cli.main import app

CNN = CASES[1]


@pytest.fixture
def files(tmp_path):
    for seed, name in enumerate("ab"):
        save_file(CNN.weights(seed), tmp_path / f"{name}.safetensors")
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_inspect_shows_layers_and_with_two_their_distance(files):
    status, out, _ = run("inspect", files / "a.safetensors")
    assert status == 0
    assert "conv1" in out
    assert "distance" not in out
    status, out, _ = run("inspect", files / "a.safetensors", files / "b.safetensors", "--json")
    rows = {row["layer"]: row for row in json.loads(out)}
    difference = CNN.weights(1)["fc.weight"] - CNN.weights(0)["fc.weight"]
    bias = CNN.weights(1)["fc.bias"] - CNN.weights(0)["fc.bias"]
    assert rows["fc"]["distance"] == pytest.approx(float((difference**2).sum() + (bias**2).sum()) ** 0.5)
    assert rows["fc"]["shapes"]
    assert rows["all"]["parameters"] == sum(t.numel() for t in CNN.weights(0).values())
    status, out, _ = run("inspect", files / "a.safetensors", "--model", "cnn", "--layers", "type", "--json")
    assert {row["layer"] for row in json.loads(out)} == {"Conv2d", "Linear", "all"}


def test_inspect_names_an_undefined_cosine(tmp_path):
    save_file({"bias": torch.zeros(2)}, tmp_path / "a.safetensors")
    save_file({"bias": torch.ones(2)}, tmp_path / "b.safetensors")
    _, out, _ = run("inspect", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--json")
    assert json.loads(out)[0]["cosine"] == "undefined: zero vector in a"


def test_inspect_takes_layers_that_have_no_angle_or_no_numbers(tmp_path):
    odd = {
        "zero.weight": torch.zeros(2, 3),
        "ids.table": torch.arange(4),
        "empty.weight": torch.zeros(0, 3),
        "nan.weight": torch.tensor([1.0, float("nan")]),
        "mask.weight": torch.tensor([0.0, float("-inf")]),
        "eight.weight": torch.tensor([3.0, 4.0]).to(torch.float8_e4m3fn),
    }
    save_file(odd, tmp_path / "a.safetensors")
    save_file(odd, tmp_path / "b.safetensors")
    expected = {
        "zero": (0, "NaN", "undefined: zero vector in a and b"),
        "ids": (0, "NaN", "undefined: no numbers"),
        "empty": (0, "NaN", "undefined: no numbers"),
        "nan": ("NaN", "NaN", "undefined: NaN in a and b"),
        "mask": (0, "NaN", "undefined: infinity in a and b"),
        "eight": (0, 0, 1),
    }
    for second in ([], [tmp_path / "b.safetensors"]):
        status, out, err = run("inspect", tmp_path / "a.safetensors", *second)
        assert status == 0, err
        assert set(expected) <= {line.split()[0] for line in out.splitlines() if line.strip()}
    _, out, _ = run("inspect", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--json")
    rows = {row["layer"]: row for row in json.loads(out, parse_constant=pytest.fail)}
    found = {label: tuple(rows[label][name] for name in ("distance", "relative_distance", "cosine")) for label in rows}
    assert {label: found[label] for label in expected} == expected
