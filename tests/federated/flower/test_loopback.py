"""Flower's processes are ended with what they started."""

import subprocess
import sys
import time

import pytest

from isthmus.errors import InputError
from isthmus.federated.flower.loopback import end_family, loopback

LEADER = """
import subprocess, sys, time
orphan = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
parent = "import subprocess, sys; subprocess.Popen({!r}).wait(0.01)".format(orphan)
subprocess.Popen([sys.executable, "-c", parent])
time.sleep(60)
"""
ROOT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LEADER!r}], start_new_session=True)"


def test_children_of_children_end_and_so_do_orphans_of_their_group():
    with subprocess.Popen([sys.executable, "-c", ROOT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as root:
        assert root.stdout.readline() == b"\n"  # the last of them runs
        time.sleep(0.1)
        end_family([root.pid])
        assert root.stdout.read() == b""  # nobody holds the pipe any more


PARENT = """
import subprocess, sys
from isthmus.federated.flower.loopback import end_with_parent
child = "import time; print(flush=True); time.sleep(60)"
subprocess.run([sys.executable, "-c", child], preexec_fn=end_with_parent)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_superlink_does_not_outlive_a_parent_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"\n"
        parent.kill()
        assert parent.stdout.read() == b""  # nobody holds the pipe any more


def test_flower_that_is_not_installed_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match=r"isthmus\[federated\]"), loopback(is_simulation=True):
        pass
