"""Cutting examples into batches, and into smaller ones if memory runs out."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

Result = TypeVar("Result")
# Measured at widths 16 and 64: more gains nothing on a processor (docs/decisions.md, Evaluation).
DEFAULT_BATCH_SIZES = {"cpu": 64}
ACCELERATOR_BATCH_SIZE = 512
TOKENS_AS_ONE = 64  # a window of so many tokens counts as one image
# A processor's allocators raise a plain RuntimeError with one of these texts.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def default_batch_size(device: torch.device, num_tokens: int | None = None) -> int:
    """The batch size where none is asked for: 64 on a processor, where more gains nothing, 512 on an accelerator.

    Args:
        device: Where the network runs.
        num_tokens: Tokens of an example that is a window: of windows above 64 tokens fewer are taken at once.

    Returns:
        Examples at once.

    Example:
        >>> default_batch_size(torch.device("cpu")), default_batch_size(torch.device("cpu"), 256)
        (64, 16)
    """
    size = DEFAULT_BATCH_SIZES.get(device.type, ACCELERATOR_BATCH_SIZE)
    return min(size, max(1, size * TOKENS_AS_ONE // (num_tokens or TOKENS_AS_ONE)))


def batch_bounds(num_examples: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """The (start, stop) of every batch; the last may be smaller.

    Args:
        num_examples: How many examples there are.
        batch_size: At most so many at once.

    Yields:
        Bounds that cover 0 to num_examples once, in order.

    Example:
        >>> list(batch_bounds(5, 2))
        [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, num_examples, batch_size):
        yield start, min(start + batch_size, num_examples)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device.

    Args:
        error: An exception.

    Returns:
        Whether it does.

    Example:
        >>> is_out_of_memory(RuntimeError("not enough memory: you tried to allocate 8 bytes"))
        True
    """
    short = isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
    return short or isinstance(error, torch.OutOfMemoryError)


class BatchSize:
    """The batch size in force, halved whenever memory runs out and kept so from then on.

    Attributes:
        unit: The size at first: what work units are cut by, so that they keep their bounds when memory runs out.
        size: How many examples at once.
        halvings: How often memory ran out.
    """

    def __init__(self, size: int) -> None:
        self.unit = size
        self.size = size
        self.halvings = 0

    def begin_with(self, size: int) -> None:
        """Take another size from the beginning.

        Args:
            size: Also what work units are cut by.
        """
        assert not self.halvings, "no unit is done yet"
        self.unit = self.size = size

    def attempt(self, work: Callable[[int], Result]) -> Result:
        """The result of the work at the largest batch size that memory allows.

        Args:
            work: From a batch size to a result; started anew after running out of memory.

        Returns:
            What the work returned.

        Raises:
            RuntimeError: Another failure than a lack of memory, or not even one example fits.
        """
        while True:
            try:
                return work(self.size)
            except RuntimeError as error:
                if not is_out_of_memory(error) or self.size == 1:
                    raise
            # After the except clause: inside it the traceback would keep the failed batch's tensors.
            self.size //= 2
            self.halvings += 1
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
