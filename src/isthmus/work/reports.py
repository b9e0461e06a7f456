"""What a worker reports of a job to the process that asked for it: news, warnings, a result, or why there is none."""

import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from isthmus.errors import InputError, IsthmusWarning
from isthmus.work.news import Tell
from isthmus.work.task import MOST_DEATHS

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class News:
    """A job goes on.

    Attributes:
        told: What the job says.
    """

    told: Any


@dataclass(frozen=True)
class Warned:
    """A job warned of something.

    Attributes:
        text: The words of an `IsthmusWarning`.
    """

    text: str


@dataclass(frozen=True)
class Finished:
    """A job has ended.

    Attributes:
        result: Of its task.
    """

    result: Any


@dataclass(frozen=True)
class Failed:
    """A job could not be done.

    Attributes:
        kind: Of the error; None where it is no wrong input.
        parts: Expected, got, where and what to do; or the traceback.
    """

    kind: type[InputError] | None
    parts: tuple[str, ...]

    def error(self) -> Exception:
        """The error, to be raised in the process that asked for the job."""
        if self.kind is None:
            return RuntimeError(f"in a worker\n{self.parts[0]}")
        error = self.kind.__new__(self.kind)
        # An unknown name has other arguments than its message has parts.
        InputError.__init__(error, *self.parts)
        return error


Report = News | Warned | Finished | Failed


def failure(error: Exception) -> Failed:
    """What a worker reports of an error.

    Args:
        error: While its traceback is at hand.

    Returns:
        The report.
    """
    if isinstance(error, InputError):
        return Failed(type(error), (error.expected, error.got, error.where, error.remedy))
    return Failed(None, ("".join(traceback.format_exception(error)),))


def report_job(do: Callable[[Any, Tell], Any], job: Any, report: Callable[[Report], None]) -> None:
    """Do a job in a worker.

    Args:
        do: From the task.
        job: Which.
        report: Passes on what comes, last a `Finished` or a `Failed`.
    """
    try:
        with _warnings_reported(report):
            result = do(job, lambda news: report(News(news)))
        report(Finished(result))
    except Exception as error:  # whatever it is, the process that asked for the job raises it
        report(failure(error))


@contextmanager
def _warnings_reported(report: Callable[[Report], None]) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", IsthmusWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, IsthmusWarning):
                report(Warned(str(message)))
            else:
                shown(message, category, *place, **more)

        warnings.showwarning = show
        yield


def taken_in(report: Report, tell: Tell) -> Finished | None:
    """Take in what a worker reported.

    Args:
        report: From `report_job`.
        tell: Called with news.

    Returns:
        The end of a job, or None where it goes on.

    Raises:
        report.error: The job could not be done.
    """
    if isinstance(report, Failed):
        raise report.error()
    if isinstance(report, News):
        tell(report.told)
    elif isinstance(report, Warned):
        warnings.warn(report.text, IsthmusWarning, stacklevel=2)
    return report if isinstance(report, Finished) else None


def mourn(place: str, deaths: int, error: Exception) -> None:
    """Say that a worker died; its job is done again by another.

    Args:
        place: Where it was.
        deaths: How many died at this job.
        error: What shows it.

    Raises:
        RuntimeError: Too many: it is the job that kills them.
    """
    LOG.warning("a worker died: %s", place)
    if deaths == MOST_DEATHS:
        raise RuntimeError(f"{deaths} workers died at one job: perhaps out of memory; the last: {error}") from error
