"""A recipe in a simulation: Flower's own processes on this machine, and clients on Ray."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from isthmus.errors import InputError, IsthmusError
from isthmus.federated.federate import refuse_existing
from isthmus.federated.flower.loopback import Loopback, loopback
from isthmus.federated.flower.settings import ENDED, REFUSED, TOLD, RunSettings, save_app
from isthmus.federated.rounds import Progress

LOOK_SECONDS = 0.2


def simulate(
    recipe: Path,
    out: Path,
    *,
    num_clients: int,
    resume: bool = False,
    data_root: Path | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Train by a recipe on Flower in a simulation, as `isthmus.federated.federate` does in this process.

    The folder is the same, to the bit but for the seconds. Nothing reaches a network, and all processes that Flower
    starts have ended on return.

    Args:
        recipe: A TOML file.
        out: The folder to make.
        num_clients: That the recipe has.
        resume: Go on with what is there.
        data_root: The folder that holds the known sets.
        tell: Called after every round, as `federate` does.

    Returns:
        The folder.

    Raises:
        InputError: As `federate` raises it, or Flower is not installed.
        IsthmusError: The run ended without a result.
    """
    refuse_existing(out, resume=resume)  # before Flower takes its time to start
    folder = out.resolve()
    settings = RunSettings(
        recipe=str(recipe.resolve()),
        out=str(folder),
        resume=resume,
        data_root=str(data_root.resolve()) if data_root else "",
        client_folder=str(folder),
    )
    with loopback(is_simulation=True) as link:
        run = link.start_run(save_app(link.home / "app"), settings.values(), num_clients)
        follow(run, link, tell)
    return out


def follow(run: subprocess.Popen[bytes], link: Loopback, tell: Callable[[Progress], None]) -> None:
    """Wait for the end of a run.

    Args:
        run: From `Loopback.start_run`.
        link: Where it runs.
        tell: Called after every round, as `federate` does.

    Raises:
        InputError: The server refused its input.
        IsthmusError: The run ended otherwise without a result.
    """
    for line in _lines(run, link):
        if line.startswith(TOLD):
            tell(Progress(**json.loads(line.removeprefix(TOLD))))
        elif line.startswith(REFUSED):
            raise InputError(*json.loads(line.removeprefix(REFUSED)))
        elif line.startswith(ENDED):
            return
    said = link.log_file("run").read_text(encoding="utf-8", errors="replace")
    raise IsthmusError(f"the run on Flower ended without a result; it said:\n{said[-2000:]}")


def _lines(run: subprocess.Popen[bytes], link: Loopback) -> Iterator[str]:
    with link.log_file("run").open(encoding="utf-8", errors="replace") as log:
        begun = ""
        while True:
            has_ended = run.poll() is not None
            *whole, begun = (begun + log.read()).split("\n")
            yield from whole
            if has_ended:
                return
            time.sleep(LOOK_SECONDS)
