"""Disks that are full, read-only or gone: one message, nothing half written, and everything finished is kept."""

import resource
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from run_folders import contents, measured

import isthmus
from isthmus.errors import UnwritableError
from isthmus.files import save_whole

BIG = 400_000


@contextmanager
def mounted(place, options):
    """A disk in memory; only the system's user may make one, so that elsewhere the test is left out."""
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("no mounting here")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


@contextmanager
def files_of_at_most(size):
    """The system refuses larger files, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def is_kept(left, whole):
    """Whether what is there is whole; `run.json` says in the end that the run is complete."""
    return all(content == whole[name] for name, content in left.items() if name not in {"run.json", "progress.jsonl"})


@pytest.mark.parametrize("num_kilobytes", [16, 40])
def test_a_full_disk_ends_a_run_with_a_message_and_with_room_it_goes_on(whole, tmp_path, num_kilobytes):
    with mounted(tmp_path / "disk", f"size={num_kilobytes}k"):
        run = tmp_path / "disk" / "run"
        with pytest.raises(UnwritableError, match=r"(?s)No space left on device.*make room, then go on with --resume"):
            measured(run)
        assert is_kept(contents(run) if run.exists() else {}, whole)
        subprocess.run(["mount", "-o", "remount,size=10m", tmp_path / "disk"], check=True)
        measured(run, resume=True)
        assert contents(run) == whole


def test_a_file_that_is_larger_than_allowed_ends_a_run_as_a_full_disk_does(whole, tmp_path):
    largest = max(len(content) for name, content in whole.items() if name != "run.json")
    with files_of_at_most(largest - 1), pytest.raises(UnwritableError, match=r"(?s)File too large.*make room"):
        measured(tmp_path / "run")
    left = contents(tmp_path / "run")
    assert sum(name.startswith("examples/") for name in left) >= 3
    assert is_kept(left, whole)
    measured(tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == whole


def test_a_read_only_disk_is_refused_before_anything_is_measured(tmp_path):
    with mounted(tmp_path / "disk", "size=1m,ro"), pytest.raises(isthmus.InputError, match="Read-only file system"):
        measured(tmp_path / "disk" / "run")


def test_a_run_whose_folder_is_removed_ends_and_makes_no_part_of_one(tmp_path, monkeypatch):
    from isthmus.runs.folder.store import FolderStore

    add = FolderStore.add

    def added(store, block):
        add(store, block)
        shutil.rmtree(tmp_path / "run", ignore_errors=True)

    monkeypatch.setattr(FolderStore, "add", added)
    with pytest.raises(UnwritableError, match=r"(?s)a folder that is gone.*run"):
        measured(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_safetensors_and_parquet_say_full_disks_alike(tmp_path):
    import torch
    from safetensors.torch import save_file

    def write(path):
        save_file({"w": torch.zeros(BIG)}, path)

    with files_of_at_most(1000), pytest.raises(UnwritableError, match="File too large"):
        save_whole(tmp_path / "w.safetensors", write)
    assert not list(tmp_path.iterdir())
