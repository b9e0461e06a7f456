"""`isthmus curvature` and `isthmus similarity`: what they print, write and refuse."""

import io
import json

import numpy as np
import pytest
from cases import CASES
from rich.console import Console
from safetensors.torch import save_file
from torchless import statuses
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.cli.output.study import rich_table
from isthmus.report.cells import Cell, Table

MLP = CASES[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for name, seed in (("a", 0), ("b", 1), ("start", 2)):
        save_file(MLP.weights(seed), folder / f"{name}.safetensors")
    inputs, targets = MLP.data(16)
    np.savez(folder / "data.npz", inputs=inputs.numpy(), targets=targets.numpy())
    (folder / "own.py").write_text("def losses(outputs, targets):\n    return outputs.square().sum(1)\n")
    return folder


def run(command, files, *more, model="mlp:inputs=12,width=7,classes=10"):
    checkpoints = [files / "a.safetensors", files / "b.safetensors"]
    arguments = [command, *checkpoints, "--model", model, "--data", files / "data.npz", *more]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def in_python(study, files, **options):
    inputs, targets = MLP.data(16)
    return study(MLP.build, MLP.weights(0), MLP.weights(1), (inputs, targets), **options)


def test_curvature_prints_the_numbers_of_the_function(files):
    status, out, err = run("curvature", files, "--json", "--num-probes", "2", "--hosts", "b", "--seed", "3")
    assert status == 0, err
    printed, study = json.loads(out), in_python(isthmus.curvature, files, num_probes=2, hosts=("b",), seed=3)
    assert len(printed["rows"]) == study.slope.size
    for row in printed["rows"]:
        cut = study.sel(host=row["host"], moving=row["moving"])
        assert row["predicted_rise"] == float(cut.predicted_rise)
        assert row["hessian_trace_error"] == float(cut.hessian_trace_error)
    assert printed["attributes"]["rank_correlation"] == study.attrs["rank_correlation"]


def test_similarity_prints_the_numbers_of_the_function(files):
    start = files / "start.safetensors"
    status, out, err = run(
        "similarity", files, "--json", "--alphas", "0.25,0.5", "--initial-a", start, "--initial-b", start
    )
    assert status == 0, err
    study = in_python(isthmus.similarity, files, alphas=(0.25, 0.5), initial_a=MLP.weights(2), initial_b=MLP.weights(2))
    rows = json.loads(out)["rows"]
    assert {row["branch_angle_degrees"] for row in rows} == set(study.branch_angle_degrees.values)
    for row in rows:
        cut = study.sel(layer=row["layer"], alpha=row["alpha"], compared=row["compared"])
        assert row["blend_dissimilarity"] == float(cut.blend_dissimilarity)
        assert row["agreement"] == float(cut.agreement)


@pytest.mark.parametrize(("command", "words"), [("curvature", "Predicted rise"), ("similarity", "a against b")])
def test_a_folder_holds_numbers_picture_and_page(files, tmp_path, command, words):
    status, out, err = run(command, files, "--out", tmp_path / "study")
    assert status == 0, err
    made = {str(p.relative_to(tmp_path / "study")) for p in (tmp_path / "study").rglob("*.*")}
    assert made == {"study.json", "study.parquet", "report.html", f"figures/{command}.svg"}
    flat = " ".join(out.split())
    for word in (*words.split(), "full network", "report:"):
        assert word in flat
    before = (tmp_path / "study" / "report.html").read_bytes()
    (tmp_path / "study" / "report.html").unlink()
    assert CliRunner().invoke(app, ["report", str(tmp_path / "study")]).exit_code == 0
    assert (tmp_path / "study" / "report.html").read_bytes() == before
    assert run(command, files, "--out", tmp_path / "study")[0] == 0
    other = "similarity" if command == "curvature" else "curvature"
    status, out, err = run(other, files, "--out", tmp_path / "study")
    assert (status, out) == (2, "")
    assert "another study: study, settings differ" in err


@pytest.mark.parametrize("width", [80, 200])
def test_no_number_is_cut_off_in_a_narrow_terminal(width):
    name = "layer2.0.downsample.0"
    cells = (Cell(name), Cell("−0.000784‡", "[−0.00078, −0.0047]"), *(Cell("−0.0001234") for _ in range(3)))
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(rich_table(Table(("Layer", "Measured rise", "One", "Two", "Three"), (cells, cells)), "Title", width))
    shown = console.export_text()
    assert shown.count("−0.000784‡") == 2
    assert shown.count("[−0.00078, −0.0047]") == 2
    assert shown.count("−0.0001234") == 6
    assert name in shown


def test_a_table_of_many_columns_becomes_several_that_repeat_the_layer():
    columns = ("Layer", "Host", "|d|", "Rank", "Null dimension", "sigma / |d|", *(f"Rise, kind {i}" for i in range(4)))
    numbers = [Cell(f"0.12{i}", "[0.10, 0.14] ±0.02", "0.1") for i in range(8)]
    rows = tuple(
        (Cell(name), Cell("a"), *numbers) for name in ("features.0.conv", "transformer.h.0.attn.c_attn.weight")
    )
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table(Table(columns, rows), "Title", 80))
    shown = console.export_text()
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("features.0.conv") >= 2
    assert all(shown.count(f"0.12{i}") == 2 for i in range(8))
    assert shown.count("transformer…attn.weight") == 3
    assert shown.count("Title") == 1


def test_the_loss_may_come_from_a_file(files):
    status, out, err = run("curvature", files, "--json", "--num-probes", "0", "--loss", f"{files / 'own.py'}:losses")
    assert status == 0, err
    assert json.loads(out)["attributes"]["loss"] == "losses"


@pytest.mark.parametrize(
    ("command", "more", "words"),
    [
        ("curvature", ["--num-probes", "-1"], ["a whole number of at least 0", "--num-probes"]),
        ("curvature", ["--batch-norm", "recalibrate"], ["interpolate or host", "isthmus measure recalibrates"]),
        ("curvature", ["--hosts", "c"], ["--hosts"]),
        ("curvature", ["--dtype", "float8"], ["--dtype", "float32"]),
        ("similarity", ["--alphas", "1"], ["--alphas"]),
        ("similarity", ["--batch-norm", "recalibrate"], ["interpolate or host"]),
        ("similarity", ["--initial-a", "nowhere.pt"], ["nowhere.pt"]),
    ],
)
def test_wrong_arguments_end_with_status_2_and_one_message(files, command, more, words):
    status, out, err = run(command, files, *more)
    assert (status, out) == (2, "")
    assert err.startswith("isthmus: wrong input")
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_help_and_wrong_arguments_never_import_torch():
    wrong = [
        ["a", "b", "--model", "mlp", "--data", "cifar11"],
        ["a", "b", "--model", "mpl", "--data", "cifar10"],
        ["a", "b", "--model", "mlp", "--data", "cifar10", "--batch-norm", "recalibrate"],
    ]
    commands = [[command, *more] for command in ("curvature", "similarity") for more in (["--help"], *wrong)]
    commands.append(["subspace", "a", "b", "--model", "mlp", "--data", "mnist", "--draws", "0"])
    assert statuses(*commands) == [0, 2, 2, 2, 0, 2, 2, 2, 2]
