"""A worker of a cluster, in a process of its own: it knows nothing of the cluster."""

import os
import queue
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from isthmus.work.kind import kind_of_worker, place_of_worker
from isthmus.work.reports import Failed, Finished, Report, report_job
from isthmus.work.shared import Shared
from isthmus.work.task import Task
from isthmus.work.user_files import run_again


class Doer:
    """Does jobs one after the other.

    Args:
        threads: That torch computes with.
        folder: Where the process works that asks for jobs; relative paths mean what they mean there, if it is here too.
        paths: Where it looks for modules.
    """

    def __init__(self, threads: int, folder: str, paths: Sequence[str]) -> None:
        self._threads = threads
        self._task: tuple[Shared[Task[Any, Any]], Any] | None = None
        # All in one thread: that torch computes with so many threads is known to this one alone.
        self._thread = ThreadPoolExecutor(1)
        sys.path += [path for path in paths if path not in sys.path]
        with suppress(OSError):
            os.chdir(folder)

    def begin(self) -> Report:
        """Get ready.

        Returns:
            The end of a job with what kind of worker this is and where, or why it can't work.
        """

        def ready(_job: None, _tell: object) -> tuple[dict[str, str], str]:
            import torch

            torch.set_num_threads(self._threads)
            return kind_of_worker(), place_of_worker()

        reports: list[Report] = []
        self._thread.submit(report_job, ready, None, reports.append).result()
        return reports[-1]

    def do(self, task: Shared[Task[Any, Any]], files: Mapping[str, str], job: Any) -> Iterator[Report]:
        """Do a job.

        Args:
            task: What does it; begun when another did the job before.
            files: The user's files that the process which asks has run, of which the task may take functions.
            job: Which.

        Yields:
            What comes of it, last its end.
        """
        reports: queue.SimpleQueue[Report] = queue.SimpleQueue()

        def done(given: Any, tell: Any) -> Any:
            if self._task is None or self._task[0] != task:
                run_again(files)
                self._task = (task, task.value()())
            return self._task[1](given, tell)

        self._thread.submit(report_job, done, job, reports.put)
        while True:
            report = reports.get()
            yield report
            if isinstance(report, Finished | Failed):
                return
