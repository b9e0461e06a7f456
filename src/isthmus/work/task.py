"""What is asked of workers, wherever they are: a task, its jobs, and what is told meanwhile."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

Job = TypeVar("Job")
Result = TypeVar("Result")
Tell = Callable[[Any], None]
"""Passes on news of a job that is under way, to the process that asked for it."""
Task = Callable[[], Callable[[Job, Tell], Result]]
"""What every job is done by: called once in each worker, it returns what does a job after the other.

It is pickled for other processes, and so are jobs, news and results. A job whose worker died is done once more by
another, so it has to go on with what the first one left.
"""
MOST_DEATHS = 3  # of workers on one job: it is the job that kills them


def no_news(_news: Any) -> None:
    """Pass nothing on.

    Args:
        _news: Of a job.
    """


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
