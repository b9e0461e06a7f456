"""Jobs in processes of this machine, each with one thread: small networks use the cores better this way."""

import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from isthmus.work.here import Here
from isthmus.work.news import Tell, no_news
from isthmus.work.reports import failure, report_job, taken_in
from isthmus.work.task import MOST_DEATHS, Done, Job, Result, Task


@dataclass(frozen=True)
class Processes(Here):
    """Processes of this machine.

    Attributes:
        number: How many at most.
        module: The name of one that each has loaded from the beginning, with all that it imports. Where a fork is safe,
            processes come from one that has loaded it: torch alone takes longer than a tiny training.
    """

    number: int
    module: str

    def done(self, task: Task[Job, Result], jobs: Sequence[Job], tell: Tell = no_news) -> Iterator[Done[Result]]:
        """Do jobs, a process each, as many at a time as there are processes.

        Args:
            task: What does them.
            jobs: As many as there are.
            tell: Called with news.

        Yields:
            Each job when it has ended. A process ends at once when no job is left for it, or with this one.

        Raises:
            RuntimeError: Process after process ended without a word on one job.
        """
        waiting, deaths, crew = deque(range(len(jobs))), Counter[int](), list[_Worker]()
        try:
            while crew or waiting:
                while waiting and len(crew) < self.number:
                    crew.append(_Worker.started(self.module, task))
                    crew[-1].give(number := waiting.popleft(), jobs[number])
                for pipe in wait([worker.pipe for worker in crew]):
                    (worker,) = (one for one in crew if one.pipe is pipe)
                    report = worker.report()
                    if report is None:
                        crew.remove(worker)
                        deaths[worker.job] += 1
                        if deaths[worker.job] == MOST_DEATHS:
                            raise RuntimeError(worker.last_words())
                        waiting.appendleft(worker.job)
                    elif (end := taken_in(report, tell)) is not None:
                        yield Done(worker.job, end.result)
                        if waiting:
                            worker.give(number := waiting.popleft(), jobs[number])
                        else:
                            crew.remove(worker)
                            worker.dismiss()
        finally:
            for worker in crew:
                worker.end()


@dataclass
class _Worker:
    """A process and the number of the job that it is at."""

    pipe: Connection
    process: BaseProcess
    job: int = -1

    @classmethod
    def started(cls, module: str, task: Task[Any, Any]) -> "_Worker":
        context = _context(module)
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, task), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        return cls(ours, process)

    def give(self, number: int, job: object) -> None:
        self.job = number
        with suppress(BrokenPipeError, ConnectionResetError):  # it has ended, which its report says
            self.pipe.send(job)

    def report(self) -> Any:
        """What it says; None once it has ended."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return None

    def last_words(self) -> str:
        reason = "out of memory, or called from a script without `if __name__ == '__main__':`"
        return f"{MOST_DEATHS} processes ended at one job, with status {self.process.exitcode}: perhaps {reason}"

    def dismiss(self) -> None:
        self.pipe.close()
        self.process.join()

    def end(self) -> None:
        self.process.terminate()
        self.process.join()


def _context(module: str) -> ForkServerContext | SpawnContext:
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([module])
    return context


def _work(pipe: Connection, task: Task[Any, Any]) -> None:
    """Do the jobs that come, until no more do, or nobody hears of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's: it ends this one
    threading.Thread(target=_end_with_the_first, name="end with the first process", daemon=True).start()
    import torch

    torch.set_num_threads(1)
    try:
        do = None
        while True:
            job = pipe.recv()
            try:
                do = do or task()
            except Exception as error:
                pipe.send(failure(error))
                continue
            report_job(do, job, pipe.send)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _end_with_the_first() -> None:
    """End this process once the first one has: an orphan holds its folder, which a resumed command needs."""
    if first := parent_process():
        first.join()  # also where a fork server made this process: it passes on the first one's pipe
        os._exit(1)
