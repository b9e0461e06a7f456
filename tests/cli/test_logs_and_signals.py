"""What a command says by level, and how it answers being told to end."""

import errno
import logging
import os
import signal
import time
from pathlib import Path

import pytest
import typer

from isthmus.cli.output import outcome
from isthmus.cli.output.logs import LOGGER, begin_logging, take_log_level
from isthmus.cli.output.outcome import answered_sigterm, report_failures
from isthmus.errors import InputError
from isthmus.files import unwritable


@pytest.fixture
def logger():
    """The logger of isthmus, as it was afterwards."""
    level, handlers = LOGGER.level, list(LOGGER.handlers)
    yield LOGGER
    LOGGER.setLevel(level)
    LOGGER.handlers = handlers


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_command_with_its_own_status_and_says_how_to_go_on(number, status, capsys):
    def working():
        os.kill(os.getpid(), number)
        time.sleep(10)

    before = signal.getsignal(signal.SIGTERM)
    with answered_sigterm(), pytest.raises(typer.Exit) as end:
        report_failures(working)()
    assert end.value.exit_code == status
    assert "everything finished so far is kept (go on with --resume)" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_full_disk_is_not_called_wrong_input_and_ends_with_its_status(capsys):
    def working():
        raise unwritable(errno.ENOSPC, Path("run"))

    with pytest.raises(typer.Exit) as end:
        report_failures(working)()
    assert end.value.exit_code == 2
    said = capsys.readouterr().err
    assert "stopped; everything finished so far is kept" in said
    assert "No space left on device" in said


@pytest.mark.parametrize("written", [["--log-level", "info"], ["--log-level=info"]])
def test_the_level_may_stand_anywhere(written):
    for place in range(3):
        line = ["measure", "a"]
        line[place:place] = written
        assert take_log_level(line) == "info"
        assert line == ["measure", "a"]
    assert take_log_level(["measure"]) is None
    assert take_log_level(["measure", "--log-level"]) == ""


@pytest.mark.usefixtures("logger")
def test_a_level_that_is_none_is_refused():
    with pytest.raises(InputError, match="Did you mean 'info'"):
        begin_logging("inf")


def test_a_level_says_what_is_of_it_or_above_and_error_hides_warnings(logger, capsys):
    begin_logging("info")
    logging.getLogger("isthmus.runs.pair").info("a run")
    logging.getLogger("isthmus.runs.pair").debug("a unit")
    outcome._show_warning("odd weights", UserWarning, "", 0)
    said = capsys.readouterr().err
    assert "INFO a run" in said
    assert "warning: odd weights" in said
    assert "a unit" not in said
    begin_logging("error")
    outcome._show_warning("odd weights", UserWarning, "", 0)
    assert capsys.readouterr().err == ""
