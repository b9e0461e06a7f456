"""Writing files beside the training without blocking it."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType

MOST_WAITING = 2  # states waiting to be written: each holds a copy of the network and of its momentum


class BackgroundWriter:
    """One thread that does jobs in the order given; a failure is raised by the next call or at the end.

    Used as a context: leaving it waits for every job, also where the block fails.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "writer")
        self._waiting: deque[Future[None]] = deque()

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done; waits while too many others are undone.

        Args:
            job: Must hold copies of what the training goes on to change. Whatever an earlier job raised is raised here.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= MOST_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(job))

    def __enter__(self) -> "BackgroundWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not wait=True: of a join that is interrupted, Python keeps that the thread has ended, and then kills it.
        self._pool.shutdown(wait=False)
        try:
            wait(self._waiting)
        finally:
            wait(self._waiting)  # an interrupt waits for what is being written
        if error is None:
            for job in self._waiting:
                job.result()
