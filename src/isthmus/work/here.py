"""Jobs one after the other in this process: the reference for every other way to do them."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.work.folders import InPlace
from isthmus.work.news import Tell, no_news
from isthmus.work.shared import Kept
from isthmus.work.task import Done, Job, Result, Task, V, nothing


@dataclass(frozen=True)
class Here:
    """This process."""

    @staticmethod
    def share(make: Callable[[], V], name: Hashable = None) -> Kept[V]:
        """A value that jobs need, made anew for each of them: whoever makes it may keep some.

        Args:
            make: Gives it.
            name: Not used.

        Returns:
            The value.
        """
        del name
        return Kept(make())

    @staticmethod
    def folder(home: Path, parts: tuple[str, ...] = (".",), confirm: Callable[[], None] = nothing) -> InPlace:
        """The folder itself.

        Args:
            home: The folder.
            parts: Not used.
            confirm: Not used: the job sees for itself whether it holds the folder.

        Returns:
            The folder.
        """
        del parts, confirm
        return InPlace(home)

    def done(self, task: Task[Job, Result], jobs: Sequence[Job], tell: Tell = no_news) -> Iterator[Done[Result]]:
        """Do jobs in their order.

        Args:
            task: What does them.
            jobs: As many as there are.
            tell: Called with news.

        Yields:
            Each job when it has ended.
        """
        do = task()
        for number, job in enumerate(jobs):
            yield Done(number, do(job, tell))
