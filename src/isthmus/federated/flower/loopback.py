"""Flower's processes on this machine: a SuperLink, its SuperNodes, and runs of an app; all ended together.

Nothing here reaches a network, and nothing outlives its `Loopback`: Flower starts processes of its own, in sessions of
their own, so the whole family is looked up and ended by number.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from isthmus.errors import InputError, IsthmusError
from isthmus.federated.flower.settings import Setting

HOST = "127.0.0.1"
START_SECONDS = 120
CONNECTION = "isthmus"
PR_SET_PDEATHSIG = 1  # of linux/prctl.h
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class Loopback:
    """A SuperLink that listens on this machine alone. Made by `loopback`.

    Attributes:
        home: Flower's folder: its state, its logs, Ray's files.
        address: Where the SuperLink listens.
    """

    def __init__(self, home: Path, *, is_simulation: bool) -> None:
        self.home = home
        self._is_simulation = is_simulation
        self._env = _environment(home)
        self._started: list[subprocess.Popen[bytes]] = []
        self.address = f"{HOST}:{_free_port()}"

    def start(self) -> None:
        """Start the SuperLink, and wait until it answers."""
        connection = f'[superlink]\ndefault = "{CONNECTION}"\n\n[superlink.{CONNECTION}]\n'
        (self.home / "config.toml").write_text(f'{connection}address = "{self.address}"\ninsecure = true\n')
        kind = ["--simulation"] if self._is_simulation else []
        place = ["--host", HOST, "--port", self.address.rpartition(":")[2]]
        process = self._start("superlink", "flower-superlink", "--insecure", *kind, *place)
        if not _is_healthy(f"http://{self.address}/health", process):
            raise IsthmusError(
                f"Flower's SuperLink did not start; it said:\n{self.log_file('superlink').read_text()[-2000:]}"
            )

    def add_supernode(self, client: int, num_clients: int, **settings: Setting) -> None:
        """Start a SuperNode, which connects by itself.

        Args:
            client: The client's number, from 0.
            num_clients: How many there are.
            settings: Of this node alone, such as where the client keeps its state.
        """
        config: dict[str, Setting] = {"partition-id": client, "num-partitions": num_clients}
        config |= {name.replace("_", "-"): value for name, value in settings.items()}
        text = " ".join(f"{name}={json.dumps(value)}" for name, value in config.items())
        address = ["--superlink", self.address, "--host", HOST, "--port", str(_free_port())]
        self._start(f"supernode-{client}", "flower-supernode", "--insecure", *address, "--node-config", text)

    def start_run(self, app: Path, settings: Mapping[str, Setting], num_clients: int) -> subprocess.Popen[bytes]:
        """Start a run of an app.

        Args:
            app: The app's folder.
            settings: What the run is to have in place of the app's own settings.
            num_clients: How many clients a simulation has.

        Returns:
            A process that ends with the run, and writes what it says to a log file. Its status says nothing of the run.
        """
        config = self.home / "run.toml"
        config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        arguments = ["flwr", "run", str(app), CONNECTION, "--stream", "--run-config", str(config)]
        if self._is_simulation:
            cores = f"client-resources-num-cpus=1 init-args-num-cpus={min(num_clients, os.cpu_count() or 1)}"
            arguments += ["--federation-config", f"num-supernodes={num_clients} {cores}"]
        return self._start("run", *arguments)

    def log_file(self, name: str) -> Path:
        """Where a process writes what it says.

        Args:
            name: "superlink", "supernode-0", ..., or "run" for the last run.

        Returns:
            The file.
        """
        return self.home / f"{name}.log"

    def close(self) -> None:
        """End every process that was started here, and those that they started."""
        end_family([process.pid for process in self._started if process.poll() is None])
        for process in self._started:
            process.wait()

    def _start(self, name: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        path = Path(sys.executable).with_name(program)
        if not path.is_file():
            raise InputError(
                "Flower beside this Python", f"no {path}", "the federated extra", "pip install 'isthmus[federated]'"
            )
        with self.log_file(name).open("wb") as log:
            process = subprocess.Popen(
                [str(path), *arguments], env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock that another thread may hold
            )  # fmt: skip
        self._started.append(process)
        return process


@contextmanager
def loopback(*, is_simulation: bool) -> Iterator[Loopback]:
    """A SuperLink for as long as a block runs, with an empty folder of its own.

    Args:
        is_simulation: Whether clients are simulated on Ray, or are SuperNodes that connect.

    Yields:
        The SuperLink, which answers.

    Raises:
        InputError: Flower is not installed.
        IsthmusError: Flower did not start.
    """
    home = Path(tempfile.mkdtemp(prefix="isthmus-"))  # a short path: Ray's sockets lie below it
    link = Loopback(home, is_simulation=is_simulation)
    try:
        link.start()
        yield link
    finally:
        link.close()
        shutil.rmtree(home, ignore_errors=True)


def end_family(roots: list[int]) -> None:
    """Kill processes and all that descend from them.

    They are stopped first: what is stopped starts nothing, so that nothing escapes between looking and killing.

    Args:
        roots: Numbers of running processes.
    """
    stopped: set[int] = set()
    while found := _family(roots) - stopped:
        for number in found:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
        stopped |= found
    for number in stopped:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def end_with_parent() -> None:
    """Let the system kill this process when the thread that started it ends, even by a kill; on Linux alone.

    What Flower starts itself watches for its parent's end.
    """
    if _PRCTL is not None:
        _PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


def _family(roots: list[int]) -> set[int]:
    """The processes, all that descend from them, and orphans of a group that one of them leads: Ray's workers, say."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True).stdout
    processes = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = {number for number, _, _ in processes if number in roots}
    while found := {number for number, *relatives in processes if family.intersection(relatives)} - family:
        family |= found
    return family


def _environment(home: Path) -> dict[str, str]:
    programs = str(Path(sys.executable).parent)  # Flower starts its own by name
    quiet = {
        "FLWR_HOME": str(home),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else clients, which claim no graphics card, would see none
        "RAY_TMPDIR": str(home),
    }
    reached = os.environ.get("NO_PROXY", "")
    path = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    return {**os.environ, **quiet, "PATH": path, "NO_PROXY": ",".join(filter(None, [reached, HOST]))}


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        port: int = listening.getsockname()[1]
        return port


def _is_healthy(url: str, process: subprocess.Popen[bytes]) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), opener.open(url, timeout=1):
            return True
        time.sleep(0.1)
    return False
