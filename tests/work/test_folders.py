"""A folder of a job on another machine: what is there goes along, and what is made comes home at once and in order."""

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from isthmus.files import part_of, save_bytes
from isthmus.held_folder import held_folder
from isthmus.work.folders import COPY, InPlace, Sent


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The temporary folder of the other machine."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    for name in ("one/a", "one/b", "two/c"):
        save_bytes(folder / name, name.encode())
    return folder


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_a_job_writes_and_removes_is_done_at_home_at_once_and_nothing_else_is_touched(home, elsewhere):
    told = []
    arrived = pickle.loads(pickle.dumps(Sent(home, ("one", "three"))))
    with arrived.opened(told.append) as place:
        assert elsewhere in place.parents
        assert contents(place) == {"one/a": b"one/a", "one/b": b"one/b"}
        with held_folder(place / "one"):
            part_of(place / "one" / "a").touch()
            (place / "one" / "b").unlink()
            (place / "one" / "linked").write_bytes(b"not by save_whole")
            save_bytes(place / "three" / "d", b"d")
            (files,) = told
            assert files.written == {"one/linked": b"not by save_whole", "three/d": b"d"}
            assert files.removed == ("one/b",)
            save_bytes(place / "one" / "a", b"new")
        (place / "one" / "last").write_bytes(b"last")
    assert [list(files.written) for files in told] == [["one/linked", "three/d"], ["one/a"], ["one/last"]]
    for files in told:
        files.save()
    expected = {"one/a": b"new", "one/linked": b"not by save_whole", "one/last": b"last", "three/d": b"d"}
    assert contents(home) == expected | {"two/c": b"two/c"}
    assert not any(elsewhere.iterdir())


def test_a_job_that_fails_leaves_at_home_what_it_had_made(home, elsewhere):
    told = []
    arrived = pickle.loads(pickle.dumps(Sent(home)))

    def fail():
        with arrived.opened(told.append) as place:
            (place / "made").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [list(files.written) for files in told] == [["made"]]


def test_copies_that_killed_workers_left_are_removed_and_those_of_living_ones_stay(home, elsewhere):
    code = "from isthmus.processes import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    dead, unseen = elsewhere / f"{COPY}{ended}-x", elsewhere / f"{COPY}00000000-1-1-x"
    strange = elsewhere / "isthmus-other"
    for place in (dead, unseen, strange):
        place.mkdir()
    arrived = pickle.loads(pickle.dumps(Sent(home)))
    with arrived.opened(print) as first, arrived.opened(print) as second:
        assert {path.name for path in elsewhere.iterdir()} == {unseen.name, strange.name, first.name, second.name}


def test_a_job_of_this_machine_has_the_folder_itself(home):
    for folder in (InPlace(home), pickle.loads(pickle.dumps(InPlace(home))), Sent(home)):
        with folder.opened(print) as place:
            assert place == Path(home)
