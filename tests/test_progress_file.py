"""`progress.jsonl`: what it says while work goes on, and that nothing of it stays."""

import json
import math

import pytest

from isthmus import progress_file
from isthmus.progress_file import PROGRESS_FILE, ProgressFile, end_progress, load_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(progress_file.time, "monotonic", lambda: now[0])
    return now


def test_it_says_at_most_once_a_second_how_far_it_is_and_always_what_the_work_says(tmp_path, clock):
    said = ProgressFile(tmp_path, "measure", "losses", done=5, of=100)
    for seconds in (0.1, 0.2, 1.2, 1.3):
        clock[0] = 100 + seconds
        said.advance(10)
    said.advance(10, loss=math.nan)
    begin, *news = load_progress(tmp_path)
    assert (begin["event"], begin["kind"], begin["unit"], begin["done"], begin["of"]) == (
        "begin", "measure", "losses", 5, 100,
    )  # fmt: skip
    assert [(line["done"], line["seconds"]) for line in news] == [(15, 0.1), (35, 1.2), (55, 1.3)]
    assert news[-1]["loss"] is None
    end_progress(tmp_path)
    assert not (tmp_path / PROGRESS_FILE).exists()


def test_a_session_after_a_kill_begins_a_line_of_its_own(tmp_path):
    ProgressFile(tmp_path, "train", "iterations")
    with (tmp_path / PROGRESS_FILE).open("a") as file:
        file.write('{"event": "progr')
    ProgressFile(tmp_path, "train", "iterations", done=3)
    assert [line["done"] for line in load_progress(tmp_path)] == [0, 3]


def test_a_disk_that_is_full_stops_no_work_here(tmp_path):
    said = ProgressFile(tmp_path / "gone", "measure", "losses")
    said.advance(1, loss=1.0)
    assert load_progress(tmp_path / "gone") == []


LINE = {"event": "progress", "done": 3, "seconds": 1.5, "loss": None}


@pytest.mark.parametrize(
    "text",
    [
        "[]", "no", "[" * 5000, '"begin"', '{"event": ["begin"]}', '{"event": "begin"}', '{"event": "other"}',
        json.dumps(LINE | {"done": "3"}), json.dumps(LINE | {"done": 10**400}),
        json.dumps(LINE | {"seconds": math.inf}), json.dumps(LINE | {"loss": math.nan}),
    ],
    ids=range(11),
)  # fmt: skip
def test_a_line_that_was_not_written_here_is_left_out(text, tmp_path):
    (tmp_path / PROGRESS_FILE).write_text(f"{text}\n{json.dumps(LINE)}\n")
    assert load_progress(tmp_path) == [LINE]
