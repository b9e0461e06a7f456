"""What the user's own code raises while networks run: wrong input with its line, not a fault of isthmus."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

import isthmus
from isthmus.errors import InputError
from isthmus.evaluation.batches import is_out_of_memory

OURS = str(Path(isthmus.__file__).parent)
LIBRARIES = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), str(Path(torch.__file__).parent)})


def failure_text(error: BaseException) -> str:
    """The kind of an exception, its first line, and the line of the user's code that it came from, if it did.

    Args:
        error: An exception.

    Returns:
        Such as "ValueError: three of them (nets.py, line 12)".

    Example:
        >>> failure_text(ValueError("too long"))
        'ValueError: too long'
    """
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    # The user's own line, not one of the library that it calls: there they can change something.
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((OURS, *LIBRARIES, "<"))
    ]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {first}{place}"


def is_ours(error: BaseException) -> bool:
    """Whether an exception was raised by a line of isthmus itself.

    Args:
        error: An exception.

    Returns:
        Whether the innermost frame is one of isthmus.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename.startswith(OURS)


@contextmanager
def explain_run(where: str) -> Iterator[None]:
    """Turn a failure of the user's network or loss into a message.

    Args:
        where: The examples at hand.

    Yields:
        Nothing.

    Raises:
        InputError: Code that is not of isthmus failed, memory apart.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if is_ours(error) or is_out_of_memory(error):
            raise
        raise InputError(
            "a network and a loss that run on every example",
            failure_text(error),
            where,
            "look at these examples, or measure fewer: DATA[0:1000]",
        ) from error
