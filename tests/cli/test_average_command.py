"""`isthmus average`: what it writes, prints and refuses."""

import json

import pytest
import torch
from cases import CASES
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from isthmus.cli.main import app

MLP = CASES[0]


@pytest.fixture
def files(tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        save_file(MLP.weights(seed), tmp_path / f"{name}.safetensors")
    return tmp_path


def run(files, *more):
    arguments = ["average", files / "a.safetensors", files / "b.safetensors", "--out", files / "m.safetensors", *more]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_it_writes_the_chosen_layers_at_their_alphas_and_says_how_much(files):
    labels = sorted({key.rpartition(".")[0] for key in MLP.weights(0)})
    status, out, err = run(files, "--layers", f"{labels[0]}=0.25")
    assert status == 0, err
    a, b, made = (load_file(files / f"{name}.safetensors") for name in "abm")
    for key, tensor in made.items():
        alpha = 0.25 if key.startswith(f"{labels[0]}.") else 0.0
        torch.testing.assert_close(tensor, a[key] + alpha * (b[key] - a[key]))
    assert f"averaged 1 of {len(labels)} layers" in out
    assert f"at alpha 0.25: {labels[0]}" in out
    assert "isthmus measure" in out


def test_json_holds_the_facts_of_the_file(files):
    status, out, err = run(files, "--json", "--alpha", "0.5")
    assert status == 0, err
    facts = json.loads(out)
    assert set(facts["alphas"].values()) == {0.5}
    assert facts["out"].endswith("m.safetensors")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--layers", "nothing"], "a layer"), (["--layers", "x=half"], "a number after ="),
        (["--rule", "block"], "add --model"), (["--from-run", "nowhere", "--row", "all"], "nowhere"),
        (["--alpha", "nan"], "a finite number"), (["--batch-norm", "recalibrate"], "--recalibrate-on"),
    ],
)  # fmt: skip
def test_wrong_input_ends_with_status_2_and_writes_nothing(files, more, message):
    status, _, err = run(files, *more)
    assert status == 2
    assert message in err
    assert not (files / "m.safetensors").exists()
