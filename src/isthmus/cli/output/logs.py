"""What a command says while it works, by level; the option may stand anywhere on the command line."""

import logging
import sys

from isthmus.errors import UnknownNameError

OPTION = "--log-level"
LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
LOGGER = logging.getLogger("isthmus")


def take_log_level(arguments: list[str]) -> str | None:
    """Take the option out of a command line.

    Args:
        arguments: The command line, which loses it.

    Returns:
        The level; None where none is asked for, and "" where the option stands without one.
    """
    for place, text in enumerate(arguments):
        if text == OPTION or text.startswith(f"{OPTION}="):
            del arguments[place]
            if text != OPTION:
                return text.partition("=")[2]
            return arguments.pop(place) if place < len(arguments) else ""
    return None


def begin_logging(level: str) -> None:
    """Say what is of a level or above on standard error, with the time.

    Args:
        level: Of `LEVELS`. `error` hides warnings too.

    Raises:
        UnknownNameError: It is none of them.
    """
    if level not in LEVELS:
        raise UnknownNameError("a level", level, LEVELS, OPTION)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(LEVELS[level])


def hides_warnings() -> bool:
    """Whether warnings about a measurement are not to be shown."""
    return LOGGER.level > logging.WARNING
