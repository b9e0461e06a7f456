"""How many threads torch computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def limit_threads(number: int) -> Iterator[None]:
    """Run with the number of threads that the work began with: another number could change the last bit.

    Args:
        number: Of threads.

    Yields:
        Nothing.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
