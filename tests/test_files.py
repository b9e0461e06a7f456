"""A file is whole if it is there, and belongs to the user's group as the user says."""

import errno
import os
import stat
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from isthmus.errors import UnwritableError
from isthmus.files import part_of, remove_parts, save_bytes, save_whole
from isthmus.processes import this_process


@pytest.fixture(scope="module")
def ended_process():
    """The identity of a process of this place that has ended."""
    command = [sys.executable, "-c", "from isthmus.processes import this_process; print(this_process())"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def umask():
    """Sets the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_rest(tmp_path):
    save_whole(tmp_path / "x", lambda path: path.write_bytes(b"old"))

    def broken(path):
        path.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, "disk full")

    with pytest.raises(UnwritableError, match=r"(?s)No space left on device.*make room"):
        save_whole(tmp_path / "x", broken)
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_folders_are_made_on_the_way(tmp_path):
    save_whole(tmp_path / "new" / "folder" / "x", lambda path: path.write_text("text"))
    assert (tmp_path / "new" / "folder" / "x").read_text() == "text"


@pytest.mark.parametrize("below", ["x", "folder/x"])
def test_no_folder_is_made_in_the_place_of_a_file_and_another_name_is_asked_for(tmp_path, below):
    (tmp_path / "report.html").write_text("a page")
    with pytest.raises(UnwritableError, match="name another --out: it has the name of a file") as caught:
        save_bytes(tmp_path / "report.html" / below, b"")
    assert caught.value.where.startswith(str(tmp_path / "report.html"))
    assert (tmp_path / "report.html").read_text() == "a page"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_file_has_the_mode_of_the_umask_also_where_its_writer_makes_it_private(tmp_path, umask, mask, mode):
    umask(mask)
    save_whole(tmp_path / "w.safetensors", lambda path: save_file({"w": torch.zeros(1)}, path))
    save_whole(tmp_path / "x", lambda path: (path.write_bytes(b""), path.chmod(0o400)))
    assert [stat.S_IMODE(path.stat().st_mode) for path in sorted(tmp_path.iterdir())] == [mode, mode]


def left_by(path, writer):
    part = path.with_name(part_of(path).name.replace(this_process(), writer))
    part.parent.mkdir(exist_ok=True)
    part.write_text("half")
    return part


def test_parts_of_ended_processes_go_and_those_of_living_ones_stay(tmp_path, ended_process):
    dead, deeper = (left_by(tmp_path / place / "x", ended_process) for place in (".", "folder"))
    alive = left_by(tmp_path / "x", this_process())
    elsewhere = left_by(tmp_path / "x", "0123abcd-17-4711")
    older = left_by(tmp_path / "x", "17")
    mine = tmp_path / ".film.part"
    mine.write_text("of another program")
    remove_parts(tmp_path, is_ours=False)
    assert {path for path in (dead, deeper, alive, elsewhere, older) if path.exists()} == {alive, elsewhere, older}
    remove_parts(tmp_path, is_ours=True)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {alive, mine}


def test_a_file_written_again_takes_away_what_a_killed_process_left_of_it(tmp_path, ended_process):
    left_by(tmp_path / "page [1].html", ended_process)
    other = left_by(tmp_path / "page 1.html", ended_process)
    save_bytes(tmp_path / "page [1].html", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"page [1].html", other.name}
