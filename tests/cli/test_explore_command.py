"""`isthmus explore`: what it writes and refuses, and how a server of its own ends."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isthmus.cli.main import app

STORED = Path(__file__).parents[1] / "stored" / "0.1.0"
RUN, STEPS, PAIRS = (STORED / name for name in ("run", "collection-steps", "collection-pairs"))
WAIT = 120  # seconds; a busy machine takes its time


def explore(*arguments):
    found = CliRunner().invoke(app, ["explore", *map(str, arguments)])
    return found.exit_code, found.stdout, found.stderr


def test_a_page_is_written_that_begins_with_what_is_asked_for(tmp_path):
    page = tmp_path / "explore.html"
    choices = ["--step", "0ep", "--beside-step", "1ep", "--host", "b", "--layer", "fc", "--value", "error_rise"]
    assert explore(STEPS, "--out", page, *choices)[:2] == (0, f"explorer: {page}\n")
    text = page.read_text()
    assert re.findall("<h2>(collection.*)</h2>", text) == ["collection-steps: 0ep", "collection-steps: 1ep"]
    assert text.count("<h3>fc, into b</h3>") >= 2
    assert "error rise at alpha 0.5" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([RUN, "--split", "tset"], "expected split: one of train, test"),
        ([RUN, "--layer", "hiden1"], "Did you mean 'hidden1'"),
        ([RUN, "--sweep", "window:2", "--layer", "hidden1"], "one of all, window2:hidden1"),
        ([STEPS, "--alpha", "0.3"], "expected alpha: one of 0.5"),
        ([STEPS, "--value", "loss"], "expected value: one of loss_rise, loss_barrier"),
        ([RUN, "--step", "0ep"], "there is no step to choose"),
        ([STEPS, "--step", "7ep"], "expected step: one of 0ep, 1ep"),
        ([PAIRS, "--beside-pair", "no"], "where --beside-pair"),
        ([STEPS, "--split", "train"], "leave it out"),
        ([STORED / "study-curvature"], "isthmus report"),
        ([STORED / "training"], "expected a run"),
        ([STORED / "nothing"], "expected a run"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_message(arguments, said, tmp_path):
    status, printed, message = explore(*arguments, "--out", tmp_path / "explore.html")
    assert (status, printed) == (2, "")
    assert said in message
    assert message.count("expected") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["explore", "explore.txt", ""])
def test_only_a_page_is_written(name, tmp_path):
    status, _, message = explore(RUN, "--out", tmp_path / name)
    assert status == 2
    assert "ends in .html" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("interruptible")
def test_a_server_prints_its_address_and_ends_when_told_to(sent, status):
    command = [sys.executable, "-m", "isthmus", "explore", str(STEPS), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().removeprefix("explorer: ").strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
            with urllib.request.urlopen(address, timeout=WAIT) as answer:
                assert b"<h2>collection-steps: 1ep</h2>" in answer.read()
            process.send_signal(sent)
            said = process.communicate(timeout=WAIT)[1]
        finally:
            process.kill()  # a server that did not end would be waited for
    assert process.returncode == status
    assert "Traceback" not in said
    assert said.endswith("ended\n")
