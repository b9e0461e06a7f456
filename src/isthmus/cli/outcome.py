"""How a command ends: its exit status, and one message where something went wrong."""

import functools
import sys
import warnings
from collections.abc import Callable
from typing import ParamSpec, TextIO, TypeVar

import typer

from isthmus.errors import IsthmusError, IsthmusWarning

P = ParamSpec("P")
R = TypeVar("R")
WRONG_INPUT, OUR_FAULT, INTERRUPTED = 2, 1, 130
DEBUG: list[bool] = []


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """The command with its failures turned into messages on standard error and exit statuses.

    Args:
        command: A function of the command line.

    Returns:
        The same command: 2 where the input is wrong, 1 where isthmus is, 130 where it was interrupted.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", IsthmusWarning)
                warnings.showwarning = _show_warning
                return command(*args, **kwargs)
        except (typer.Exit, BrokenPipeError):
            raise  # of a pipe that nobody reads any more, as in `| head`, typer makes a silent end
        except KeyboardInterrupt:
            print("interrupted; everything finished so far is kept (go on with --resume)", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except IsthmusError as error:
            if DEBUG:
                raise
            print(f"isthmus: wrong input\n{error}", file=sys.stderr)
            raise typer.Exit(WRONG_INPUT) from error
        except Exception as error:
            if DEBUG:
                raise
            text = f"{type(error).__name__}: {error}"
            print(f"isthmus: a fault of isthmus, please report it (--debug shows where)\n{text}", file=sys.stderr)
            raise typer.Exit(OUR_FAULT) from error

    return wrapped


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:  # the signature that Python asks for
    del category, filename, lineno, file, line
    print(f"warning: {message}", file=sys.stderr)
