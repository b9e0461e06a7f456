"""Commands that are killed at random moments and go on: do they end with the bytes of an unbroken one?

    python benchmarks/killed.py                              (40 by SIGKILL, 10 by SIGINT: about 10 minutes on one core)
    python benchmarks/killed.py --kills 4 --interrupts 1     (a smoke run)

`measure`, a collection of three networks, `train`, `federate` and `reproduce` take turns on networks of a few hundred
weights. A command runs once unbroken. Then it begins anew in other folders, is killed at a moment that is drawn evenly
over the unbroken time, and goes on with `--resume`. Every file has to be equal, but for what tells times. A command
that is interrupted has to end with status 130; how early it was is said by the number of files that it left.

Processes come from a fork server that has loaded torch, so that moments fall into the work and not into imports.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

MODEL = "cnn:width=2,channels=1,classes=2"
OPTIMIZER = 'optimizer = { name = "sgd", learning_rate = 0.05, momentum = 0.9 }\nbatch_size = 16\n'
RECIPE = f"""
model = "{MODEL}"
data = "data.npz"
length = "12ep"
checkpoint_every = "2ep"
device = "cpu"
{OPTIMIZER}
[[network]]
name = "x"
[[network]]
name = "y"
seeds = {{ order = 1 }}
spawn = {{ network = "x", at = "3ep" }}
"""
FEDERATION = f"""
model = "cnn:width=2,channels=1"
train = "digits:train[0:150]"
test = "digits:test[0:60]"
clients = 3
partition = "dirichlet=1"
rounds = 4
rules = ["all", "none"]
{OPTIMIZER}
"""
MEASURED = ["--model", MODEL, "--data", "data.npz", "--batch-size", "8"]
NETWORKS = [f"networks/{name}.safetensors" for name in ("a", "b", "c")]
WORK = {
    "measure": ["measure", *NETWORKS[:2], *MEASURED],
    "collection": ["measure", *NETWORKS, *MEASURED, "--sweep", "full"],
    "train": ["train", "recipe.toml"],
    "federate": ["federate", "federation.toml"],
    "reproduce": ["reproduce", "fig1", "--scale", "smoke"],
}
PRELOADED = [f"isthmus.{name}" for name in ("pages.result", "training.networks.networks", "federated.federate")]
PRELOADED += ["torch._dynamo"]
TIMES = {
    "federate": {"seconds.json", "federated.json", "report.html"},  # the page shows what it took
    "reproduce": {"times.json", "reproduction.json"},
}
TIMES_LINE = re.compile(rb"^.* cores: training .* measuring .*$", re.MULTILINE)  # of the page of a reproduction
INTERRUPTED = 130
PATIENCE = 3600.0
WITHOUT_PAGES: list[bool] = []


def make_inputs(folder: Path) -> None:
    """Write what the commands read.

    Args:
        folder: Where they run.
    """
    import torch

    from isthmus.models.load import load_model
    from isthmus.weights.checkpoint import save_weights

    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, 480)
    inputs = generator.normal(size=(480, 1, 8, 8)).astype(np.float32) + targets[:, None, None, None]
    np.savez(folder / "data.npz", inputs=inputs, targets=targets)
    for seed, name in enumerate(NETWORKS):
        torch.manual_seed(seed)
        save_weights(load_model(MODEL).state_dict(), folder / name)
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "federation.toml").write_text(FEDERATION)


def begun(context: ForkServerContext, home: Path, kind: str, out: str, *more: str) -> BaseProcess:
    """A command that runs.

    Args:
        context: Makes processes.
        home: The folder with the inputs.
        kind: Of `WORK`.
        out: The folder below `home` in which `out` is made: pages are titled by the last name.
        more: Further options.

    Returns:
        Its process.
    """
    arguments = [*WORK[kind], "--out", f"{out}/out", *more]
    process = context.Process(target=_run, args=(home, arguments, f"{out}.txt", bool(WITHOUT_PAGES)))
    process.start()
    return process


def _run(home: Path, arguments: list[str], said: str, without_pages: bool) -> None:
    os.chdir(home)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["isthmus", *arguments]
    from isthmus.cli.main import main
    from isthmus.pages import result

    if without_pages:
        result.save_result_report = lambda _name, _result, out: out
    main()


def contents(folder: Path, kind: str) -> dict[str, bytes]:
    """Every file's bytes, but for what tells times.

    Args:
        folder: Of a command.
        kind: Of `WORK`.

    Returns:
        By path.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name not in TIMES.get(kind, set())]
    found = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    return {name: TIMES_LINE.sub(b"", read) if name.endswith(".md") else read for name, read in found.items()}


class Unbroken:
    """What a command leaves that nobody kills, and how long it takes.

    Attributes:
        files: From `contents`.
        seconds: From its start to its end.
    """

    def __init__(self, context: ForkServerContext, home: Path, kind: str) -> None:
        begun_at = time.monotonic()
        process = begun(context, home, kind, f"{kind}-unbroken")
        process.join(PATIENCE)
        self.seconds = time.monotonic() - begun_at
        if process.exitcode != 0:
            raise RuntimeError((home / f"{kind}-unbroken.txt").read_text())
        self.files = contents(home / f"{kind}-unbroken" / "out", kind)


def ended_by(
    number: signal.Signals, context: ForkServerContext, home: Path, kind: str, out: str, moment: float
) -> int | None:
    """The status of a command that was sent a signal; None where it had ended before.

    Args:
        number: The signal.
        context: As in `begun`.
        home: As in `begun`.
        kind: As in `begun`.
        out: As in `begun`.
        moment: Seconds after its start.
    """
    process = begun(context, home, kind, out)
    process.join(moment)
    if not process.is_alive():
        return None
    os.kill(process.pid or 0, number)
    process.join(PATIENCE)
    # It may have ended between the look and the signal, of which only SIGKILL can't be answered by ending well.
    return None if number == signal.SIGKILL and process.exitcode == 0 else process.exitcode


def trial(
    number: signal.Signals, context: ForkServerContext, home: Path, kind: str, draw: random.Random, whole: Unbroken
) -> dict[str, object]:
    """One command that is ended in the middle and goes on.

    Args:
        number: The signal.
        context: As in `begun`.
        home: As in `begun`.
        kind: As in `begun`.
        draw: Of moments.
        whole: What it has to end with.

    Returns:
        What was seen.
    """
    status = None
    while status is None:
        moment, begun_at = draw.uniform(0, whole.seconds), time.monotonic()
        out = f"{kind}-{number.name}-{draw.getrandbits(32):08x}"
        status = ended_by(number, context, home, kind, out, moment)
        if status is None:  # it ended first, for the machine has less other work now: another moment is drawn
            whole.seconds = time.monotonic() - begun_at
    left = contents(home / out / "out", kind)
    process = begun(context, home, kind, out, "--resume")
    process.join(PATIENCE)
    found = contents(home / out / "out", kind)
    differing = sorted(name for name in {*found, *whole.files} if found.get(name) != whole.files.get(name))
    return {
        "work": kind,
        "signal": number.name,
        "share_of_time": round(moment / whole.seconds, 3),
        "status": status,
        "files_left": len(left),
        "files": len(whole.files),
        "resumed_status": process.exitcode,
        "differing": differing,
        "is_right": process.exitcode == 0
        and not differing
        and status == (INTERRUPTED if number == signal.SIGINT else -number),
    }


def trials(kills: int, interrupts: int, seed: int, kinds: list[str]) -> list[dict[str, object]]:
    """All of them.

    Args:
        kills: By SIGKILL.
        interrupts: By SIGINT.
        seed: Of the moments.
        kinds: Of `WORK`, which take turns.

    Returns:
        One row a trial.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    draw, rows = random.Random(seed), []
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        make_inputs(home)
        whole = {kind: Unbroken(context, home, kind) for kind in kinds}
        for number, count in ((signal.SIGKILL, kills), (signal.SIGINT, interrupts)):
            for index in range(count):
                kind = kinds[index % len(kinds)]
                rows.append(trial(number, context, home, kind, draw, whole[kind]))
                print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Print a line a trial, and how many were right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--interrupts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=WORK)
    parser.add_argument("--without-pages", action="store_true", help="make no report of a measurement")
    asked = parser.parse_args()
    WITHOUT_PAGES.extend([True] * asked.without_pages)
    rows = trials(asked.kills, asked.interrupts, asked.seed, [asked.only] if asked.only else list(WORK))
    right = sum(bool(row["is_right"]) for row in rows)
    print(f"{right} of {len(rows)} ended with the bytes of the unbroken command")
    sys.exit(right != len(rows))


if __name__ == "__main__":
    main()
