"""What `--loss` means."""

from pathlib import Path
from typing import Any


def loss_of_option(loss: str) -> Any:
    """The loss's name, or the user's function for `file.py:function`.

    Args:
        loss: As on the command line.

    Returns:
        What `isthmus.measure(loss=...)` takes.
    """
    file, colon, function = loss.rpartition(":")
    if not colon:
        return loss
    from isthmus.user_code import load_function

    return load_function(Path(file), function, loss)
