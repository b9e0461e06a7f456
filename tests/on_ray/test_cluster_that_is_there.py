"""A cluster that was started by `ray start`, of two nodes on this machine: one of them is killed in the middle.

Each node is a process with children of its own in a session of its own, and is ended with all of it.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from isthmus.models.load import load_model
from isthmus.weights.checkpoint import save_weights

MODEL = "cnn:width=2,channels=1,classes=2"
RAY = Path(sys.executable).with_name("ray")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "OMP_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def nodes(tmp_path):
    """The address, and the two processes: the head with one core, and a node with another."""
    address = f"127.0.0.1:{free_port()}"
    begun = []
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as short:  # names of sockets have at most 107 letters
        head = ["--head", f"--port={address.split(':')[1]}", "--include-dashboard=false", f"--temp-dir={short}"]
        try:
            for number, how in enumerate((head, [f"--address={address}"])):
                begun.append(begin(how, tmp_path / f"node{number}.txt"))
            yield address, begun
        finally:
            for process in reversed(begun):
                end(process)


def begin(how, file):
    command = [RAY, "start", *how, "--num-cpus=1", "--node-ip-address=127.0.0.1", "--block"]
    with file.open("w") as said:
        options = {"stdout": said, "stderr": subprocess.STDOUT, "start_new_session": True}
        process = subprocess.Popen(command, env=os.environ | QUIET, **options)
    until = time.monotonic() + 60
    while "Ray runtime started" not in file.read_text():
        if process.poll() is not None or time.monotonic() > until:
            end(process)
            raise AssertionError(file.read_text())
        time.sleep(0.2)
    return process


def end(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "progress.jsonl"  # times
    }


@pytest.mark.slow
def test_a_collection_has_the_bytes_of_this_process_though_a_machine_goes(nodes, tmp_path, monkeypatch):
    address, (_, other) = nodes
    monkeypatch.chdir(tmp_path)
    inputs = np.random.default_rng(0).normal(size=(60, 1, 4, 4)).astype(np.float32)
    np.savez("data.npz", inputs=inputs, targets=(inputs.mean((1, 2, 3)) > 0).astype(np.int64))
    names = [f"{letter}.safetensors" for letter in "abcdefgh"]
    for number, name in enumerate(names):
        torch.manual_seed(number)
        save_weights(load_model(MODEL).state_dict(), Path(name))
    measure = [
        sys.executable, "-m", "isthmus", "measure", *names, "--model", MODEL, "--data", "data.npz", "--device", "cpu",
        "--batch-size", "4",
    ]  # fmt: skip
    subprocess.run([*measure, "--out", "here/study"], env=os.environ | QUIET, check=True, capture_output=True)
    there = subprocess.Popen(
        [*measure, "--out", "there/study", "--ray", address, "--log-level", "info"],
        env=os.environ | QUIET, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    # Once some pairs are measured the second machine goes, with all that works on it.
    while there.poll() is None and len(list(Path("there").rglob("run.json"))) < 6:
        time.sleep(0.05)
    assert there.poll() is None
    os.killpg(other.pid, signal.SIGKILL)
    said, _ = there.communicate(timeout=300)
    assert there.returncode == 0, said
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert len(contents(tmp_path / "here")) > 28
    assert "a worker died" in said
