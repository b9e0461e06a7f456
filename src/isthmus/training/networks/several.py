"""The networks of a recipe trained at once, each in a process of one thread.

Small networks use the cores better this way than one after the other with many threads. A network that is spawned from
another waits for it in the same process.
"""

import signal
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named, num_cores
from isthmus.processes import process_context
from isthmus.training.networks.networks import Progress, refuse_used_folders, train_networks
from isthmus.training.networks.turns import independent_groups
from isthmus.training.recipe.recipe import NetworkRecipe

ON_ACCELERATOR = 2  # networks at a time: their copies of the data and two states each have to fit


@dataclass(frozen=True)
class _Done:
    """The networks of a job are trained."""


@dataclass(frozen=True)
class _Failed:
    """A job could not be done: the four parts of an InputError, or a traceback."""

    message: tuple[str, str, str, str] | None
    trace: str = ""


@dataclass(frozen=True)
class _Job:
    recipes: Sequence[NetworkRecipe]
    out: Path
    resume: bool
    data_root: Path | None


def train_at_once(
    recipes: Sequence[NetworkRecipe],
    out: Path,
    *,
    processes: int | None = None,
    resume: bool = False,
    data_root: Path | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Path]:
    """Train the networks of a recipe as `train_networks` does, several at a time.

    On a processor every network is trained by one thread, however many processes there are, so that their number
    changes no bit. On an accelerator the networks take turns in this process (`train_networks` with `at_once`).

    Args:
        recipes: From `load_recipes`.
        out: Where a folder for each network is made.
        processes: How many at once; None for as many as there are cores, on an accelerator for two.
        resume: Go on with what is there.
        data_root: Where known data sets lie.
        tell: Called in this process after every epoch of every network.

    Returns:
        The folders by name, in the order of the recipe.

    Raises:
        InputError: As `train_networks`; the other processes are ended, and what they finished stays.
        RuntimeError: A process ended without a word.
    """
    refuse_used_folders(recipes, out, resume=resume)
    jobs = deque(_Job(group, out, resume, data_root) for group in independent_groups(recipes))
    # With nothing to train no process is worth its start.
    finished = all((out / recipe.name / f"{recipe.length}.safetensors").is_file() for recipe in recipes)
    on_processor = all(device_named(recipe.device).type == "cpu" for recipe in recipes)
    # Not stacked by torch.func: two ResNet-18 of width 16 took 1.41 times as long together as one after the other.
    at_once = min(processes or (num_cores() if on_processor else ON_ACCELERATOR), len(jobs))
    if at_once < 2 or finished or not on_processor:
        before = torch.get_num_threads()
        if on_processor:
            torch.set_num_threads(1)
        try:
            together = 1 if on_processor or finished else at_once
            train_networks(recipes, out, resume=resume, data_root=data_root, tell=tell, at_once=together)
        finally:
            torch.set_num_threads(before)
    else:
        _run(jobs, at_once, tell)
    return {recipe.name: out / recipe.name for recipe in recipes}


def _run(jobs: deque[_Job], at_once: int, tell: Callable[[Progress], None]) -> None:
    running: dict[Connection, BaseProcess] = {}
    try:
        while len(running) < at_once:
            pipe, process = _started(jobs.popleft())
            running[pipe] = process
        while running:
            for ready in wait(list(running)):
                (pipe,) = (one for one in running if one is ready)
                news = _received(pipe, running[pipe])
                if isinstance(news, Progress):
                    tell(news)
                elif jobs:
                    pipe.send(jobs.popleft())
                else:
                    pipe.close()
                    running.pop(pipe).join()
    finally:
        for process in running.values():
            process.terminate()
            process.join()


def _started(job: _Job) -> tuple[Connection, BaseProcess]:
    context = process_context("isthmus.training.networks.networks")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    ours.send(job)
    return ours, process


def _received(pipe: Connection, process: BaseProcess) -> Progress | _Done:
    try:
        news = pipe.recv()
    except EOFError:
        process.join()
        reason = "out of memory, or called from a script without `if __name__ == '__main__':`"
        raise RuntimeError(f"a training process ended with status {process.exitcode}: perhaps {reason}") from None
    if isinstance(news, _Failed):
        raise InputError(*news.message) if news.message else RuntimeError(f"in a training process\n{news.trace}")
    assert isinstance(news, Progress | _Done)
    return news


def _work(pipe: Connection) -> None:
    """Do the jobs that come, until no more do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's: it ends this one
    torch.set_num_threads(1)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            train_networks(job.recipes, job.out, resume=job.resume, data_root=job.data_root, tell=pipe.send)
        except InputError as error:
            pipe.send(_Failed((error.expected, error.got, error.where, error.remedy)))
        except Exception:  # whatever it is, the first process tells it
            pipe.send(_Failed(None, traceback.format_exc()))
        else:
            pipe.send(_Done())
