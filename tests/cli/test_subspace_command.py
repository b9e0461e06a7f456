"""`isthmus subspace`: the numbers of the function, a folder, and what is refused before torch is loaded."""

import json

import pytest
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app

MLP = CASES[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("inputs")
    for name, seeds in (("a", (0, 1)), ("b", (0, 2))):
        for epoch, seed in enumerate(seeds):
            isthmus.save_weights(MLP.weights(seed), root / name / f"{epoch}ep.safetensors")
    inputs, targets = MLP.data(10)
    save_file({"inputs": inputs, "targets": targets}, root / "data.safetensors")
    return root


def run(folders, *more):
    fixed = ["subspace", folders / "a", folders / "b", "--model", "mlp:inputs=12,width=7,classes=10"]
    arguments = [*fixed, "--data", folders / "data.safetensors", *more]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_gives_the_numbers_of_the_function(folders):
    options = ("--sigmas", "0,0.5", "--draws", "2", "--sweep", "full", "--hosts", "b", "--seed", "3", "--no-progress")
    status, out, err = run(folders, *options, "--json")
    assert status == 0, err
    study = isthmus.subspace_noise(
        "mlp:inputs=12,width=7,classes=10", folders / "a", folders / "b", str(folders / "data.safetensors"),
        sigmas=(0.0, 0.5), num_draws=2, sweep="full", hosts=("b",), seed=3,
    )  # fmt: skip
    rows = json.loads(out)["rows"]
    assert len(rows) == study.loss.size == 16
    for row in rows:
        cell = study.sel({name: row[name] for name in ("host", "moving", "kind", "sigma", "draw")})
        assert row["loss"] == float(cell.loss)
        assert row["rank"] == int(cell["rank"]) == 3


def test_the_folder_holds_the_study_and_is_reported_again(folders, tmp_path):
    out = tmp_path / "study"
    status, text, err = run(folders, "--sigmas", "0.5", "--draws", "1", "--out", out)
    assert status == 0, err
    assert "full network" in text
    assert "Half way to the other network, averaging" in text.replace("\n", " ")
    made = {str(p.relative_to(out)) for p in out.rglob("*.*")}
    assert made == {"study.json", "study.parquet", "report.html", "figures/subspace.svg"}
    before = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    assert CliRunner().invoke(app, ["report", str(out)]).exit_code == 0
    assert (out / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sigmas", "0,half"), "--sigmas"),
        (("--sigmas", "-1"), "different finite numbers from 0"),
        (("--draws", "0"), "--draws"),
        (("--sigma-unit", "metres"), "--sigma-unit"),
        (("--sweep", "singel"), "Did you mean 'single'"),
        (("--hosts", "c"), "--hosts"),
        (("--data", "a/b/c:nothing here"), ""),
    ],
)
def test_wrong_arguments_are_refused_with_status_two(folders, options, message):
    status, out, err = run(folders, *options)
    assert (status, out) == (2, "")
    assert message in err
