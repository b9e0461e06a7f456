"""Run folders: what is in them, resuming, and being killed at any moment."""

import json
import math
import operator
import os
import shutil
import signal
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cases import CASES
from left_locks import leave_lock
from run_folders import contents
from slow_measurements import begun, measured_slowly

import isthmus

CNN = CASES[1]
OPTIONS = {"alphas": (0.0, 0.5), "batch_size": 4}


@pytest.fixture(scope="module")
def pair():
    return CNN.weights(0), CNN.weights(1)


def measured(pair, out, **options):
    return isthmus.measure(CNN.build, *pair, CNN.data(), out=out, **(OPTIONS | options))


def test_a_run_answers_with_pandas_alone(pair, tmp_path):
    result = measured(pair, tmp_path / "run")
    table = pd.read_parquet(tmp_path / "run" / "results.parquet")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    into_a = table[(table.host == "a") & (table["sweep"] == "single") & (table.alpha == 0.5)]
    largest = into_a.loc[into_a.loss_barrier.idxmax(), "moving"]
    single = result.loss_barrier.sel(host="a", moving=result["sweep"] == "single")
    assert largest == str(single.idxmax("moving").values)
    assert len(table) == 2 * 8 * 2
    assert record["schema_version"] == 1
    assert record["a"]["hash"] == result.attrs["hash_a"]
    assert set(table.columns) >= {
        "split",
        "host",
        "moving",
        "alpha",
        "loss",
        "loss_excess",
        "num_examples",
        "layers_moved",
    }


def test_a_stored_result_is_read_back_whole(pair, tmp_path):
    for name, data in (("one", CNN.data()), ("two", {"train": CNN.data(5), "test": CNN.data(4)})):
        result = isthmus.measure(CNN.build, *pair, data, out=tmp_path / name, **OPTIONS)
        xr.testing.assert_identical(result, isthmus.load_run(tmp_path / name))
        first = isthmus.examples(result, split="train" if name == "two" else None)
        assert first.sizes["example"] == (5 if name == "two" else 12)


def test_results_hold_no_time_and_no_path_and_runs_repeat_to_the_byte(pair, tmp_path):
    measured(pair, tmp_path / "one")
    measured(pair, tmp_path / "elsewhere" / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "elsewhere" / "two")
    assert one == two
    assert "results.parquet" in one
    assert not any(str(tmp_path).encode() in content for content in one.values())


def test_a_run_without_folder_gives_the_same_numbers(pair, tmp_path):
    stored, plain = measured(pair, tmp_path / "run"), measured(pair, None)
    xr.testing.assert_equal(stored, plain)


def test_a_run_that_is_there_is_refused_and_with_resume_read(pair, tmp_path):
    measured(pair, tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(isthmus.InputError, match=r"(?s)an existing run.*--resume"):
        measured(pair, tmp_path / "run")
    measured(pair, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


def test_resuming_with_other_inputs_is_refused_and_names_them(pair, tmp_path):
    measured(pair, tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(isthmus.InputError, match="settings differ"):
        measured(pair, tmp_path / "run", resume=True, alphas=(0.25,))
    with pytest.raises(isthmus.InputError, match="others: b differ"):
        measured((pair[0], CNN.weights(5)), tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize("lost", [["results.parquet"], ["results.parquet", "examples/data/p000000-e00000004.parquet"]])
def test_what_is_missing_is_made_again_and_the_bytes_are_those_of_an_unbroken_run(pair, tmp_path, lost):
    measured(pair, tmp_path / "run")
    whole = contents(tmp_path / "run")
    record = json.loads(whole["run.json"]) | {"complete": False}
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    for name in lost:
        (tmp_path / "run" / name).unlink()
    with pytest.raises(isthmus.InputError, match="interrupted"):
        isthmus.load_run(tmp_path / "run")
    measured(pair, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == whole


def test_a_folder_with_other_things_is_left_alone(pair, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        with pytest.raises(isthmus.InputError, match="name another --out"):
            measured(pair, folder)
    assert contents(tmp_path / "mine") == {"notes.txt": b"mine"}
    with pytest.raises(isthmus.InputError, match=r"with run\.json in it"):
        isthmus.load_run(tmp_path / "mine")


def test_nothing_is_written_where_the_input_is_wrong(pair, tmp_path):
    inputs, targets = CNN.data()
    with pytest.raises(isthmus.InputError, match="targets from 0 to 9"):
        isthmus.measure(CNN.build, *pair, (inputs, targets + 10), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_batch_size_and_threads_of_the_first_try_are_kept(pair, tmp_path):
    result = measured(pair, tmp_path / "run", batch_size=None)
    assert result.attrs["batch_size"] == 64
    assert json.loads((tmp_path / "run" / "run.json").read_text())["num_threads"] >= 1


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(processes, tmp_path):
    """A process of its own is killed several times in the middle, then left to end."""
    for units in (3, 20):
        process = begun(processes, measured_slowly, tmp_path / "run", units)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        half = tmp_path / "run" / "examples" / "data" / f".p000000-e00000000.parquet.{process.pid}.part"
        half.write_text("half of a unit")
    for name in ("run", "unbroken"):
        process = begun(processes, measured_slowly, tmp_path / name, 1)
        process.join()
        assert process.exitcode == 0
    assert contents(tmp_path / "run") == contents(tmp_path / "unbroken")


def test_two_processes_on_one_folder_the_second_is_told_who_holds_it(processes, tmp_path):
    out = tmp_path / "run"
    process = begun(processes, measured_slowly, out, 1)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(isthmus.InputError, match=rf"(?s)no other process.*process {process.pid} on host.*{out}"):
        measured_slowly(out)
    with pytest.raises(isthmus.InputError, match=f"process {process.pid} on host"):
        measured_slowly(out, resume=False)
    assert process.is_alive()
    os.kill(process.pid, signal.SIGCONT)
    process.join()
    assert process.exitcode == 0
    measured_slowly(out)
    assert not list(out.rglob(".*"))


def test_what_a_process_leaves_that_was_killed_before_its_first_file_is_an_empty_folder(pair, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.json.01234567-17-4711.part").write_text("{")
    measured(pair, tmp_path / "run")
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


def test_old_runs_stay_readable():
    """One stored run of every schema version."""
    from isthmus.runs.folder.record import SCHEMA_VERSION

    stored = Path(__file__).parent / "stored"
    assert sorted(folder.name for folder in stored.iterdir()) == [f"schema{v}" for v in range(1, SCHEMA_VERSION + 1)]
    for folder in stored.iterdir():
        result = isthmus.load_run(folder)
        assert result.moving.values[0] == "all"
        assert np.isfinite(result.loss_barrier.values).all()
        assert isthmus.examples(result).sizes["example"] == result.num_examples.values.max()


def test_a_run_of_a_later_version_is_refused(pair, tmp_path):
    measured(pair, tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": 99}))
    with pytest.raises(isthmus.InputError, match="update isthmus"):
        isthmus.load_run(tmp_path / "run")
    file.write_text("{")
    with pytest.raises(isthmus.InputError, match=r"run\.json"):
        isthmus.load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("hosts", 0), "x", "Input should be 'a' or 'b'"),
        (("alphas", 0), math.inf, "finite number"),
        (("rows", 0, 0, 0), 10**18, "points 0 to 1000000000000000000 of"),
        (("far_ends", 0, 0), -1, "points -1 to"),
        (("directions", "random", 0, 0, 0, 0), 135, "points 0 to 135 of 135"),
        (("groups", 1, "label"), "x", "tables with another moving than run.json names"),
        (("groups", 1, "sweep"), "x", "tables with another sweep than"),
        (("alphas", 1), 0.25, "tables with another alpha than"),
        (("directions", "fractions", 1), 0.25, "tables with another fraction than"),
    ],
)
def test_a_record_whose_rows_are_others_than_those_of_the_tables_is_refused(place, value, message, tmp_path):
    """A page takes labels and points of one for those of the other."""
    shutil.copytree(Path(__file__).parents[1] / "stored" / "0.1.0" / "run", tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    record = json.loads(file.read_text())
    *way, last = place
    reduce(operator.getitem, way, record["grid"])[last] = value
    file.write_text(json.dumps(record))
    with pytest.raises(isthmus.InputError, match=message):
        isthmus.load_run(tmp_path / "run")


def test_a_precision_without_an_order_of_examples_is_refused(tmp_path):
    shutil.copytree(
        Path(__file__).parents[1] / "stored" / "0.1.0" / "collection-pairs" / "members" / "a-b", tmp_path / "run"
    )
    file = tmp_path / "run" / "run.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"settings": record["settings"] | {"precision": 0.1}}))
    with pytest.raises(isthmus.InputError, match="a precision without the order"):
        isthmus.barrier(isthmus.load_run(tmp_path / "run"))


def test_the_lock_of_a_process_that_was_killed_when_all_was_done_goes(pair, tmp_path):
    measured(pair, tmp_path / "run")
    whole = contents(tmp_path / "run")
    leave_lock(tmp_path / "run")
    measured(pair, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == whole
