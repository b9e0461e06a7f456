"""Jobs one after the other in this process: the reference for every other way to do them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isthmus.work.task import Done, Job, Result, Task, Tell, no_news


@dataclass(frozen=True)
class Here:
    """This process."""

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
