"""What is told of a job while it is under way."""

from collections.abc import Callable
from typing import Any

Tell = Callable[[Any], None]
"""Passes on news of a job to the process that asked for it."""


def no_news(_news: Any) -> None:
    """Pass nothing on.

    Args:
        _news: Of a job.
    """
