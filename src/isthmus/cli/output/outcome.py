"""How a command ends: its exit status, and one message if something went wrong."""

import functools
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TextIO, TypeVar

import typer

from isthmus.cli.output.logs import hides_warnings
from isthmus.errors import IsthmusError, IsthmusWarning, UnwritableError, printable

P = ParamSpec("P")
R = TypeVar("R")
# 2 is also what typer exits with for a wrong option.
WRONG_INPUT, OUR_FAULT, INTERRUPTED, TERMINATED = 2, 1, 130, 143  # the last two: 128 + SIGINT, 128 + SIGTERM
READER_LEFT = 141  # 128 + SIGPIPE: what a shell shows of every tool whose reader has left, as in `| head`
DEBUG: list[bool] = []


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, with which schedulers and `kill` end a process; it is answered as Ctrl-C is."""


def report_failures(command: Callable[P, R]) -> Callable[P, R]:
    """The command with its failures turned into messages on standard error and exit statuses.

    Args:
        command: A function of the command line.

    Returns:
        The same command: 2 where the input is wrong, 1 where isthmus is, 130 and 143 where it was told to end.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", IsthmusWarning)
                warnings.showwarning = _show_warning
                return command(*args, **kwargs)
        except (typer.Exit, BrokenPipeError):
            raise  # of a pipe that nobody reads any more, typer makes a silent end (see `status_of`)
        except KeyboardInterrupt as end:
            word, status = ("ended", TERMINATED) if isinstance(end, TerminatedError) else ("interrupted", INTERRUPTED)
            print(f"{word}; everything finished so far is kept (go on with --resume)", file=sys.stderr)
            raise typer.Exit(status) from None
        except IsthmusError as error:
            if DEBUG:
                raise
            is_stopped = isinstance(error, UnwritableError)
            title = "stopped; everything finished so far is kept" if is_stopped else "wrong input"
            print(f"isthmus: {title}\n{error}", file=sys.stderr)
            raise typer.Exit(WRONG_INPUT) from error
        except Exception as error:
            if DEBUG:
                raise
            text = printable(f"{type(error).__name__}: {error}")
            print(f"isthmus: a fault of isthmus, please report it (--debug shows where)\n{text}", file=sys.stderr)
            raise typer.Exit(OUR_FAULT) from error

    return wrapped


@contextmanager
def answered_sigterm() -> Iterator[None]:
    """While the block runs, SIGTERM ends it as Ctrl-C does: folders are let go, and unfinished files removed.

    Yields:
        Nothing.
    """

    def end(_number: int, _frame: object) -> None:
        raise TerminatedError

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def status_of(app: Callable[[], object]) -> int | str | None:
    """Run the command line to its very end: what is still buffered is written here, not while Python shuts down.

    A reader that leaves early (`isthmus models | head -1`) ends the command silently, whether the write that finds
    nobody happens in the command (unbuffered) or here (buffered). Python would otherwise report "Exception ignored
    ... BrokenPipeError" on shutdown.

    Args:
        app: The command line; it ends with `SystemExit`.

    Returns:
        The exit status: the command's own, `READER_LEFT`, or `OUR_FAULT` where the end could not be written.
    """
    standard_output = sys.stdout
    status: int | str | None = None
    try:
        app()
    except SystemExit as end:
        status = end.code
    if sys.stdout is not standard_output:  # typer swaps the streams after a write that found no reader
        status = READER_LEFT
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # the rest goes nowhere, and in silence
            status = READER_LEFT if isinstance(error, BrokenPipeError) else OUR_FAULT
            if status == OUR_FAULT:
                print(f"isthmus: the results could not all be written to {stream.name}: {error}", file=sys.stderr)
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:  # the signature that Python asks for
    del category, filename, lineno, file, line
    if hides_warnings():
        return
    print(f"warning: {printable(str(message))}", file=sys.stderr)
