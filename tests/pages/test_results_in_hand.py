"""The page of a measurement is made of the result in hand: nothing is read back, and it is the page of the folder."""

from pathlib import Path

import pytest
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.runs.folder import loading, table

MLP = CASES[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    for i, name in enumerate("abc"):
        save_file(dict(MLP.weights(i)), folder / f"{name}.safetensors")
    inputs, targets = MLP.data(20)
    save_file({"inputs": inputs, "targets": targets}, folder / "data.safetensors")
    (folder / "own.py").write_text("from cases import CASES\nbuild = CASES[0].build\n")
    return folder


def run(*arguments: object) -> None:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("names", ["ab", "abc"], ids=["run", "collection"])
def test_the_page_of_a_measurement_reads_nothing_back_and_equals_that_of_its_folder(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    networks = [files / f"{name}.safetensors" for name in names]
    model = ("--model", f"{files / 'own.py'}:build", "--data", files / "data.safetensors")
    with monkeypatch.context() as watched:
        for module in (loading, table):
            watched.setattr(module, "load_results", lambda file: pytest.fail(f"{file} was read back"))
        run("measure", *networks, *model, "--layers", "block", "--out", tmp_path / "m")
    page = (tmp_path / "m" / "report.html").read_bytes()
    assert (b"Which classes suffer" in page) == (names == "ab")
    run("report", tmp_path / "m")
    assert (tmp_path / "m" / "report.html").read_bytes() == page


@pytest.mark.parametrize("names", ["ab", "abc"], ids=["run", "collection"])
def test_pages_and_tables_do_not_tell_where_they_lie(files: Path, tmp_path: Path, names: str) -> None:
    networks = [files / f"{name}.safetensors" for name in names]
    model = ("--model", f"{files / 'own.py'}:build", "--data", files / "data.safetensors")
    made = []
    for place in ("here", "there"):
        run("measure", *networks, *model, "--layers", "block", "--sweep", "full", "--out", tmp_path / place / "m")
        inside = sorted(file for file in (tmp_path / place).rglob("*") if file.is_file())
        made.append({str(file.relative_to(tmp_path / place)): file.read_bytes() for file in inside})
    assert "m/report.html" in made[0]
    assert [name for name in made[0] if made[0][name] != made[1].get(name) and "progress" not in name] == []
    assert [name for name, data in made[0].items() if str(tmp_path).encode() in data] == []


def test_classes_in_hand_are_those_of_the_folder(tmp_path: Path) -> None:
    measured = isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(20), out=tmp_path / "run")
    in_hand, stored = (loading.classes_of(found) for found in (measured, isthmus.load_run(tmp_path / "run")))
    assert in_hand is not None
    assert stored is not None
    for name in stored.data_vars:
        assert stored[name].equals(in_hand[name].transpose(*stored[name].dims)), name
