"""A training that is killed, at any moment, and goes on."""

import signal

import pytest
from left_locks import DEAD, leave_lock
from tiny_recipes import SPAWNED, TOML, contents, killed_training, networks, save_data

from isthmus.files import has_leftovers

RECIPE = TOML + SPAWNED
NUM_FILES = 28  # that the recipe writes, one after the other


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("whole"))
        save_data()
        networks(RECIPE, "out")
        return contents("out")


def killed(processes, folder, place, number, recipe=RECIPE):
    process = processes.Process(target=killed_training, args=(folder, recipe, "out", place, number))
    process.start()
    process.join()
    return process.exitcode


MOMENTS = [("epoch", 8), *(("rename", number) for number in (1, 9, 21, NUM_FILES - 1, NUM_FILES))]


@pytest.mark.parametrize(("place", "number"), MOMENTS)
def test_killed_and_resumed_ends_with_the_same_bytes_as_training_at_once(
    processes, whole, tmp_path, monkeypatch, place, number
):
    monkeypatch.chdir(tmp_path)
    save_data()
    assert killed(processes, tmp_path, place, number) == -signal.SIGKILL
    left = contents("out") if (tmp_path / "out").exists() else {}
    assert left != whole
    done = {name: data for name, data in left.items() if name in whole and not name.endswith("log.csv")}
    assert all(data == whole[name] for name, data in done.items()), "a file that is there is whole"
    networks(RECIPE, "out", resume=True)
    assert contents("out") == whole


@pytest.mark.parametrize("has_lock", [True, False], ids=["killed", "interrupted"])
def test_what_a_process_left_that_ended_after_its_last_checkpoint_goes(whole, tmp_path, monkeypatch, has_lock):
    """The state of the last step is written after the checkpoint that makes a network whole."""
    monkeypatch.chdir(tmp_path)
    save_data()
    networks(RECIPE, "out")
    network = tmp_path / "out" / "a"
    (network / "resume").mkdir(exist_ok=True)
    (network / "resume" / f".state-6ep.safetensors.{DEAD}.part").write_bytes(b"half")
    if has_lock:
        leave_lock(network)
    networks(RECIPE, "out", resume=True)
    assert contents("out") == whole
    assert not has_leftovers(network)


@pytest.mark.parametrize("arithmetic", ["channels_last = true", 'dtype = "bfloat16"\nchannels_last = true'])
def test_layout_and_arithmetic_go_on_to_the_bit_too(processes, tmp_path, monkeypatch, arithmetic):
    monkeypatch.chdir(tmp_path)
    save_data(enlarged=2)  # one pixel is too little for torch's bfloat16: see "Training" in docs/decisions.md
    recipe = TOML + arithmetic
    networks(recipe, "whole")
    # Not after an epoch: files are written beside the training, and a slow disk may be behind.
    assert killed(processes, tmp_path, "4ep.safetensors", 1, recipe) == -signal.SIGKILL
    assert (tmp_path / "out" / "a" / "2ep.safetensors").is_file()
    assert not (tmp_path / "out" / "a" / "4ep.safetensors").exists()
    networks(recipe, "out", resume=True)
    assert contents("out") == contents("whole")
    networks(TOML, "plain")
    assert contents("plain")["a/6ep.safetensors"] != contents("whole")["a/6ep.safetensors"]


def test_there_are_no_other_moments_to_be_killed_at(processes, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_data()
    assert killed(processes, tmp_path, "rename", NUM_FILES + 1) == 0
    assert contents("out") == whole
