"""What is asked of workers, wherever they are: a task, its jobs, and what is told meanwhile."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from isthmus.work.folders import WorkFolder
from isthmus.work.news import Tell, no_news
from isthmus.work.shared import Shared

Job = TypeVar("Job")
Result = TypeVar("Result")
V = TypeVar("V")
Task = Callable[[], Callable[[Job, Tell], Result]]
"""What every job is done by: called once in each worker, it returns what does a job after the other.

It is pickled for other processes, and so are jobs, news and results. A job whose worker died is done once more by
another, so it has to go on with what the first one left.
"""
MOST_DEATHS = 3  # of workers on one job: it is the job that kills them


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A job that is done.

    Attributes:
        number: Of the job among those that were given.
        result: Of the task.
    """

    number: int
    result: Result


@runtime_checkable
class Workers(Protocol):
    """Where jobs are done. How many workers there are changes no result."""

    def share(self, make: Callable[[], V], name: Hashable = None) -> Shared[V]:
        """A value that several jobs need.

        Args:
            make: Gives it, when it is first needed.
            name: Under which other workers than this process keep it; None to let it go when no job needs it.

        Returns:
            The value, to be taken along by jobs.
        """

    def folder(self, home: Path, parts: tuple[str, ...] = (".",), confirm: Callable[[], None] = nothing) -> WorkFolder:
        """A folder that a job works in.

        Args:
            home: The folder.
            parts: Folders in it, which the job works in.
            confirm: Raises where nothing must be written at home any more; called before files from elsewhere are.

        Returns:
            The folder, to be taken along by the job.
        """

    def done(self, task: Task[Job, Result], jobs: Sequence[Job], tell: Tell = no_news) -> Iterator[Done[Result]]:
        """Do jobs.

        Args:
            task: What does them.
            jobs: They know nothing of each other.
            tell: Called in this process with the news of any of them. Where it raises, or whoever takes the results
                stops, the jobs that are under way are ended.

        Returns:
            The jobs in the order in which they end.
        """
