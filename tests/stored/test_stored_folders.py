"""Folders that earlier releases wrote (`make.py` says how) are read, reported and gone on with by today's code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.experiments.reproduction.record import load_reproduction
from isthmus.runs.renewed import with_rises
from isthmus.weights.trajectory import load_trajectory

STORED = Path(__file__).parent
RELEASES = sorted(folder for folder in STORED.iterdir() if (folder / "run").is_dir())
RUNS = [folder / name for folder in RELEASES for name in ("run", "run-auto", "run-precision")]
COLLECTIONS = [folder / name for folder in RELEASES for name in ("collection-pairs", "collection-steps")]
STUDIES = [folder for release in RELEASES for folder in sorted(release.glob("study-*"))]


def identified(folder):
    return "/".join(folder.parts[-2:])


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def assert_rows_equal_the_result(rows, result, coordinates):
    """Every number of a table of rows stands in the result, at its labels."""
    names = [name for name in rows.columns if name in result.data_vars and rows[name].dtype.kind in "fi"]
    assert len(names) > 10
    for _, row in rows.iterrows():
        for name in names:
            variable = result[name]
            at = {dim: row[dim] for dim in coordinates if dim in variable.dims}
            np.testing.assert_array_equal(variable.sel(at).values, row[name], err_msg=f"{name} at {at}")


def test_every_kind_of_folder_is_stored():
    assert len(STUDIES) == 3 * len(RELEASES)
    for release in RELEASES:
        kinds = {folder.name.split("-")[0] for folder in release.iterdir()}
        assert kinds == {"run", "collection", "study", "training", "trajectories", "reproduction"}


@pytest.mark.parametrize("folder", RUNS, ids=identified)
def test_a_stored_run_is_read_to_the_last_number(folder):
    result = isthmus.load_run(folder)
    rows = pd.read_parquet(folder / "results.parquet")
    splits = ["split"] if "split" in result.dims else []
    assert_rows_equal_the_result(rows, result, ["host", "moving", "alpha", *splits])
    assert len(rows) == np.prod([result.sizes[dim] for dim in ("host", "moving", "alpha", *splits)])


@pytest.mark.parametrize("folder", RUNS, ids=identified)
def test_the_losses_of_a_stored_run_give_its_barriers_again(folder):
    result = isthmus.load_run(folder)
    again = isthmus.barrier(result, baseline=result.attrs["baseline"])
    np.testing.assert_array_equal(again.loss_barrier.values, result.loss_barrier.values)
    np.testing.assert_array_equal(again.error_barrier.values, result.error_barrier.values)
    chord = isthmus.barrier(result, baseline="chord")
    assert np.isfinite(chord.loss_barrier.values).all()


@pytest.mark.parametrize("folder", [*RUNS, *COLLECTIONS], ids=identified)
def test_a_stored_folder_is_reported_with_what_averaging_costs_today(folder, tmp_path):
    stored, whole = isthmus.load_run(folder), with_rises(isthmus.load_run(folder))
    np.testing.assert_array_equal(whole.loss_barrier, stored.loss_barrier)
    assert np.isfinite(whole.loss_rise).all()
    assert run("report", folder, "--out", tmp_path)[0] == 0
    assert "rise" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("folder", COLLECTIONS, ids=identified)
def test_a_stored_collection_holds_its_members(folder):
    joined, dim = isthmus.load_run(folder), "pair" if folder.name.endswith("pairs") else "step"
    for label in joined[dim].values:
        alone = isthmus.load_run(folder / "members" / str(label))
        np.testing.assert_array_equal(joined.loss_barrier.sel({dim: label}).values, alone.loss_barrier.values)


@pytest.mark.parametrize("folder", STUDIES, ids=identified)
def test_a_stored_study_is_read_and_loses_nothing_when_written_again(folder, tmp_path):
    study = isthmus.load_study(folder)
    isthmus.save_study(study, tmp_path)
    before, after = (json.loads((where / "study.json").read_text()) for where in (folder, tmp_path))
    assert after == before
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "study.parquet"), pd.read_parquet(folder / "study.parquet"), check_like=True
    )
    xr.testing.assert_identical(isthmus.load_study(tmp_path), study)


@pytest.mark.parametrize("folder", [*RUNS, *COLLECTIONS, *STUDIES], ids=identified)
def test_a_stored_folder_has_a_report(folder, tmp_path):
    status, out, err = run("report", folder, "--out", tmp_path)
    assert status == 0, err
    page = (tmp_path / "report.html").read_text()
    assert str(tmp_path / "report.html") in out
    attributes = isthmus.load_study(folder).attrs if folder in STUDIES else isthmus.load_run(folder).attrs
    assert str(attributes["model"]) in page


@pytest.mark.parametrize("release", RELEASES, ids=identified)
def test_a_stored_training_is_complete_and_can_be_measured(release):
    a, b = (load_trajectory(release / "training" / name) for name in "ab")
    assert [str(step) for step in a] == [str(step) for step in b] == ["0ep", "2ep"]
    last = [release / "training" / name / "2ep.safetensors" for name in "ab"]
    result = isthmus.measure("mlp:inputs=64,width=4,classes=10", *last, "digits:train[0:64]")
    log = pd.read_csv(release / "training" / "a" / "log.csv")
    assert float(result.loss_a) < log["training_loss"].iloc[0]  # of the first epoch


@pytest.mark.parametrize("release", RELEASES, ids=identified)
def test_a_stored_reproduction_is_read_and_gone_on_with(release, tmp_path):
    folder = tmp_path / "out" / "fig3-small"
    shutil.copytree(release / "reproduction" / "fig3-small", folder)
    stored = json.loads((folder / "reproduction.json").read_text())
    record = load_reproduction(folder)
    assert record is not None
    assert record.verdict_text == stored["shown_verdict"]
    assert [criterion.seen for criterion in record.criteria] == [found["seen"] for found in stored["criteria"]]
    status, _, err = run("reproduce", "fig3", "--scale", "small", "--out", tmp_path / "out", "--resume")
    assert status == 0, err
    again = json.loads((folder / "reproduction.json").read_text())
    assert again["criteria"] == stored["criteria"]
