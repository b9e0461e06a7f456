"""Tasks that processes can import."""

import os
import signal
import warnings
from pathlib import Path

from isthmus.errors import InputError, IsthmusWarning, UnknownNameError
from isthmus.work.in_processes import Processes


def squares():
    def square(number, tell):
        tell(("at", number))
        return number * number

    return square


def dying_once():
    """Jobs are files; each kills its worker unless the file is there."""

    def do(file, tell):
        if not Path(file).exists():
            Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    return do


def dying():
    def do(job, tell):
        os.kill(os.getpid(), signal.SIGKILL)

    return do


def refusing():
    def do(job, tell):
        raise UnknownNameError("a colour", job, ["red", "blue"], "--colour")

    return do


def faulty():
    def do(job, tell):
        raise ZeroDivisionError(job)

    return do


def refusing_to_begin():
    raise InputError("a beginning", "none", "the task", "begin")


def warning():
    def do(job, tell):
        warnings.warn(f"beware of {job}", IsthmusWarning, stacklevel=2)

    return do


def waiting():
    """Each job says its process and waits for its end."""

    def do(job, tell):
        tell(os.getpid())
        signal.pause()

    return do


def first(pipe):
    """A first process, which passes on what its worker says."""
    list(Processes(1, "torch").done(waiting, [0], pipe.send))
