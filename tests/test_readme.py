"""What the README tells people to type is typed."""

import re
import shlex
from pathlib import Path

import pytest
from cases import CASES
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.models.load import load_model

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[3]
    for seed, name in enumerate("ab"):
        isthmus.save_weights(case.weights(seed), tmp_path / f"{name}.safetensors")
    return case


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_of_the_readme_runs(folder):
    inputs, targets = folder.data()
    names = {"model": load_model("resnet18_no_norm:width=2"), "inputs": inputs, "targets": targets}
    (code,) = blocks("python")
    exec(code, names)
    assert names["result"].sizes["alpha"] == 11


def test_the_measuring_command_of_the_readme_runs(folder):
    """On digits in place of CIFAR-10, which does not ship with the package."""
    (line,) = [line for line in "".join(blocks("")).splitlines() if line.startswith("isthmus measure")]
    arguments = shlex.split(line.replace("cifar10:test[0:512]", "digits:test[0:9]"))[1:]
    grey = CASES[3].build().state_dict() | {}
    for seed, name in enumerate("ab"):
        weights = CASES[3].weights(seed) | {"conv1.weight": CASES[3].weights(seed)["conv1.weight"][:, :1]}
        isthmus.save_weights({key: weights[key] for key in grey}, Path(f"{name}.safetensors"))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    for name in re.findall(r"`(run/[^`]+)`", README):
        assert Path(name.rstrip("/")).exists(), name


def test_the_make_targets_of_the_readme_exist():
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", "".join(blocks("")), flags=re.MULTILINE)
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)
