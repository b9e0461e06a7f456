"""Seconds by the kind of work, which results of a federated training tell apart."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

KINDS = ("training", "averaging", "measuring", "evaluating")


class Clock:
    """Seconds spent so far.

    Args:
        spent: In an earlier part of the same work.
    """

    def __init__(self, spent: Mapping[str, float] | None = None) -> None:
        self.seconds = dict.fromkeys(KINDS, 0.0) | dict(spent or {})

    @contextmanager
    def count(self, kind: str) -> Iterator[None]:
        """Count a block.

        Args:
            kind: One of `KINDS`.

        Yields:
            Nothing.
        """
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[kind] += time.perf_counter() - begun
