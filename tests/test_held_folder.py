"""One process at a time works in a folder."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from isthmus import held_folder as room
from isthmus.errors import InputError
from isthmus.files import LOCK_FILE, is_empty, part_of
from isthmus.held_folder import held_folder
from isthmus.processes import is_running, this_process

HOLDER = """
import sys
from pathlib import Path
from isthmus.held_folder import held_folder
with held_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process of its own that holds the folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def lock_of(folder, **changes):
    """The lock that this process would make, changed."""
    with held_folder(folder):
        facts = json.loads((folder / LOCK_FILE).read_text())
    folder.mkdir(exist_ok=True)
    (folder / LOCK_FILE).write_text(json.dumps(facts | changes))
    return folder / LOCK_FILE


def test_the_second_process_is_told_who_holds_the_folder(holder, tmp_path):
    with (
        pytest.raises(InputError, match=rf"(?s)no other process.*process {holder.pid} on host .* since .* UTC.*--out"),
        held_folder(tmp_path / "run"),
    ):
        pass
    holder.communicate("")
    with held_folder(tmp_path / "run") as hold:
        assert hold.holder.pid == os.getpid()


def test_this_process_can_not_hold_a_folder_twice_either(tmp_path):
    with held_folder(tmp_path), pytest.raises(InputError, match=f"process {os.getpid()}"), held_folder(tmp_path):
        pass
    assert is_empty(tmp_path)


def test_the_lock_of_a_killed_process_is_taken_over_at_once_and_its_parts_are_removed(holder, tmp_path):
    part = tmp_path / "run" / part_of(tmp_path / "x").name.replace(this_process(), lock_process(tmp_path / "run"))
    part.write_text("half")
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # ended, though nobody has taken note of it yet
    with held_folder(tmp_path / "run"):
        assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK_FILE]
    assert is_empty(tmp_path / "run")


def lock_process(folder):
    return json.loads((folder / LOCK_FILE).read_text())["process"]


def test_a_later_process_of_the_same_number_is_another(tmp_path):
    place, number, start = this_process().split("-")
    assert is_running(this_process()) is True
    assert is_running(f"{place}-{number}-{int(start) - 1}") is False
    assert is_running(f"01234567-{number}-{start}") is None
    lock_of(tmp_path / "run", process=f"{place}-{number}-{int(start) - 1}")
    with held_folder(tmp_path / "run") as hold:
        assert hold.holder.process == this_process()


def test_a_lock_of_another_host_counts_as_long_as_it_gives_signs_of_life(tmp_path, monkeypatch):
    lock = lock_of(tmp_path / "run", host="node7", pid=11, process="01234567-11-1")
    os.utime(lock, (time.time() - 30,) * 2)
    with pytest.raises(InputError, match=r"(?s)process 11 on host node7.*was killed, try again in (90|89) s"):
        held_folder(tmp_path / "run").__enter__()
    os.utime(lock, (time.time() - 121,) * 2)
    monkeypatch.setattr(room, "WATCH_SECONDS", 0.01)
    with held_folder(tmp_path / "run") as hold:
        assert lock.stat().st_mtime > time.time() - 60
        hold.confirm()


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_holder_on_another_host_that_gives_signs_is_not_taken_for_dead_where_the_clock_jumped(
    tmp_path, monkeypatch, jump
):
    lock = lock_of(tmp_path / "run", host="node7", pid=11, process="01234567-11-1")
    os.utime(lock, (time.time() + jump,) * 2)
    monkeypatch.setattr(room, "WATCH_SECONDS", 20.0)
    sign = threading.Timer(0.2, os.utime, (lock,))
    sign.start()
    with pytest.raises(InputError, match="process 11 on host node7"):
        held_folder(tmp_path / "run").__enter__()
    sign.join()
    monkeypatch.setattr(room, "WATCH_SECONDS", 0.01)
    os.utime(lock, (time.time() + jump,) * 2)
    with held_folder(tmp_path / "run") as hold:
        hold.confirm()


@pytest.mark.parametrize("lost", ["folder", "lock"])
def test_a_folder_that_is_gone_is_noticed_by_who_holds_it(tmp_path, lost):
    with held_folder(tmp_path / "run") as hold:
        hold.confirm()
        (tmp_path / "run" / LOCK_FILE).unlink()
        if lost == "folder":
            (tmp_path / "run").rmdir()
        with pytest.raises(InputError, match=r"(?s)a writable folder.*gone"):
            hold.confirm()


OF_OTHER_TYPES = '{"host": 1, "pid": "x", "since": "", "process": 5, "token": ""}'


@pytest.mark.parametrize("text", ["", "{", '{"host": "node7"}', "[]", "[" * 5000, OF_OTHER_TYPES])
def test_a_lock_that_cannot_be_read_counts_like_that_of_another_host(tmp_path, text):
    (tmp_path / LOCK_FILE).write_text(text)
    with pytest.raises(InputError, match="another process"):
        held_folder(tmp_path).__enter__()
    os.utime(tmp_path / LOCK_FILE, (0, 0))
    with held_folder(tmp_path):
        assert lock_process(tmp_path) == this_process()


def test_a_holder_gives_signs_of_life_and_finds_out_when_it_was_taken_for_dead(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SIGN_SECONDS", 0.01)
    with held_folder(tmp_path) as hold:
        os.utime(tmp_path / LOCK_FILE, (0, 0))
        until(lambda: (tmp_path / LOCK_FILE).stat().st_mtime > time.time() - 60)
        hold.confirm()
        facts = json.loads((tmp_path / LOCK_FILE).read_text()) | {"host": "node7", "pid": 11, "token": "other"}
        taken = tmp_path / "new"
        taken.write_text(json.dumps(facts))
        taken.replace(tmp_path / LOCK_FILE)
        until(lambda: not hold._signs.is_alive())
        with pytest.raises(InputError, match=r"(?s)taken over by process 11 on host node7.*--resume"):
            hold.confirm()
    assert json.loads((tmp_path / LOCK_FILE).read_text()) == facts, "the other one's lock stays"


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("left", ["nothing", "a dead lock"])
def test_of_many_at_once_one_holds_the_folder(tmp_path, monkeypatch, has_links, left):
    """Threads stand for processes: each of their holds is one of its own."""

    def refused(*_):
        raise OSError(errno.EPERM, "no hard links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            if left == "a dead lock":
                lock_of(tmp_path, process=f"{this_process()}0")
            assert race(tmp_path, 6) == 1
    finally:
        sys.setswitchinterval(interval)
    assert is_empty(tmp_path)
    assert not list(tmp_path.iterdir())


def race(folder, number):
    """How many of some that begin at once get the folder, each of them to keep it until all have tried."""
    begin, tried, held = threading.Barrier(number), threading.Barrier(number), []

    def compete():
        begin.wait()
        with suppress(InputError), held_folder(folder) as hold:
            held.append(hold)
            tried.wait()
            return
        tried.wait()

    threads = [threading.Thread(target=compete) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(held)


def test_who_judged_a_lock_dead_does_not_remove_the_one_that_another_made_meanwhile(tmp_path, monkeypatch):
    lock_of(tmp_path, process=f"{this_process()}0")
    judged, faster = room._refuse_living, held_folder(tmp_path)

    def overtaken(*found):
        judged(*found)
        monkeypatch.setattr(room, "_refuse_living", judged)
        faster.__enter__()

    monkeypatch.setattr(room, "_refuse_living", overtaken)
    with pytest.raises(InputError, match=f"process {os.getpid()} "):
        held_folder(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]
    faster.__exit__(None, None, None)


def test_a_folder_made_for_nothing_goes_again(tmp_path):
    with pytest.raises(ZeroDivisionError), held_folder(tmp_path / "new" / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with held_folder(tmp_path / "new" / "run"):
        (tmp_path / "new" / "run" / "x").write_text("work")
    assert [path.name for path in (tmp_path / "new" / "run").iterdir()] == ["x"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a writable folder"):
        held_folder(tmp_path / "file" / "run").__enter__()
