"""How commands end when their reader leaves or their output can't be written, whatever the buffering."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from isthmus.cli.main import main; main()"]
BUFFERING = {"buffered": {}, "unbuffered": {"PYTHONUNBUFFERED": "1"}}
READER_LEFT = 141


def environment(buffering):
    """This environment, with the buffering asked for and not the one that happens to be set."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | BUFFERING[buffering]


@pytest.mark.parametrize("buffering", BUFFERING)
@pytest.mark.parametrize("arguments", [["reproduce", "--list"], ["models"], ["--help"], ["measure", "--help"]], ids=str)
def test_a_reader_that_leaves_early_is_no_fault(arguments, buffering):
    with subprocess.Popen(
        COMMAND + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=environment(buffering)
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == READER_LEFT


@pytest.mark.parametrize("buffering", BUFFERING)
def test_nobody_reads_errors_either(buffering):
    with subprocess.Popen(
        [*COMMAND, "reproduce", "fig11"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(buffering)
    ) as process:
        process.stdout.close()
    assert process.returncode in {2, READER_LEFT}  # 2 where the message was written before the reader left


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("buffering", BUFFERING)
def test_a_full_disk_under_standard_output_is_said_once(buffering):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(buffering),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.count("No space left") == 1
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_stays_sees_everything():
    done = subprocess.run(
        [*COMMAND, "models"], capture_output=True, text=True, env=environment("buffered"), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "resnet18_no_norm" in done.stdout
