"""Flower's processes are ended with what they started."""

import subprocess
import sys
import time

from isthmus.federated.flower.loopback import end_family

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
