"""Parts of a run that a disk damaged are recognised, made again, and said."""

import numpy as np
import pytest
from run_folders import contents, measured

import isthmus

UNIT = "examples/data/p000000-e00000004.parquet"


def written(contents, folder):
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def flipped(content):
    """One bit in the compressed losses, which Parquet itself would not miss."""
    place = len(content) // 3
    return content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]


DAMAGE = {"flipped": flipped, "short": lambda content: content[:100], "empty": lambda _: b""}


@pytest.mark.parametrize(
    ("name", "damage"),
    [(UNIT, "flipped"), (UNIT, "short"), ("examples/data/targets.parquet", "empty"), ("results.parquet", "flipped")],
)
def test_a_damaged_file_of_a_finished_run_is_made_again_and_said(whole, tmp_path, name, damage):
    run = written(whole | {name: DAMAGE[damage](whole[name])}, tmp_path / "run")
    with pytest.warns(isthmus.IsthmusWarning, match=f"{name} was damaged on the disk, and is made again"):
        measured(run, resume=True)
    assert contents(run) == whole


def test_a_damaged_unit_of_an_interrupted_run_is_made_again_and_the_others_are_not(whole, tmp_path):
    begun = {name: content for name, content in whole.items() if "results" not in name and "classes" not in name}
    begun["run.json"] = whole["run.json"].replace(b'"complete": true', b'"complete": false')
    run = written(begun | {UNIT: flipped(whole[UNIT])}, tmp_path / "run")
    other = run / "examples" / "data" / "p000000-e00000000.parquet"
    before = other.stat().st_mtime_ns
    with pytest.warns(isthmus.IsthmusWarning, match=UNIT):
        measured(run, resume=True)
    assert contents(run) == whole
    assert other.stat().st_mtime_ns == before


def test_a_finished_run_that_lost_its_results_makes_them_again(whole, tmp_path):
    run = written({name: content for name, content in whole.items() if name != "results.parquet"}, tmp_path / "run")
    measured(run, resume=True)
    assert contents(run) == whole


def test_damaged_losses_are_refused_where_they_are_read(whole, tmp_path):
    run = written(whole | {UNIT: flipped(whole[UNIT])}, tmp_path / "run")
    with pytest.raises(isthmus.InputError, match=r"(?s)a whole file.*p000000-e00000004.*--resume"):
        isthmus.examples(isthmus.load_run(run))
    assert np.isfinite(isthmus.load_run(run).loss_barrier.values).all()
