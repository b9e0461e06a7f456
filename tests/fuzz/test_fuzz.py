"""Mutated files of every form are read or refused. SECURITY.md has the figures of the long run, `tests/fuzz/run.py`."""

import json
import re
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from run import SECONDS, case, outcome, run, written
from targets import all_targets

from isthmus.gate.limits import LIMITS

SEED = 15
EACH = 6
MESSAGE = r"(?s)expected .*\n     got .*\n   where .*\n(      do|         Did you mean) "
PAGE = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return run(SEED, 0, EACH * len(all_targets()), 1, tmp_path_factory.mktemp("findings"))


def test_every_mutated_file_is_read_or_refused(lines):
    assert [line for line in lines if line["outcome"] not in {"read", "refused"}] == []


def test_the_short_run_goes_through_every_reader_and_has_both_outcomes(lines):
    assert Counter(line["target"] for line in lines) == {target.name: EACH for target in all_targets()}
    assert {line["outcome"] for line in lines} == {"read", "refused"}


def test_every_refusal_says_what_was_expected_and_what_to_do(lines):
    for line in lines:
        if line["outcome"] == "refused":
            assert re.match(MESSAGE, line["why"]), line


def test_a_seed_and_a_number_give_the_same_files():
    assert case(SEED, 77) == case(SEED, 77)
    assert case(SEED, 77) != case(SEED + 1, 77)


def test_a_reader_that_fails_otherwise_is_found(tmp_path, monkeypatch):
    """The run itself: an error that is no refusal, and a process that dies, are findings with their files."""
    program = Path(__file__).with_name("broken_reader.py")
    found = run(SEED, 0, 4, 1, tmp_path, program=program, seconds=5)
    assert [line["outcome"] for line in found] == ["ZeroDivisionError", "died of signal 11", "too long", "MemoryError"]
    assert json.loads((tmp_path / "1.json").read_text())["outcome"] == "died of signal 11"
    assert (tmp_path / "0").is_dir()


def test_files_are_written_as_they_are(tmp_path):
    assert (written({"a/b": b"\0"}, tmp_path / "x") / "a" / "b").read_bytes() == b"\0"


FOUND = zipfile.ZipFile(Path(__file__).with_name("found.zip"))
CASES = sorted({name.partition("/")[0] for name in FOUND.namelist()})


@pytest.mark.parametrize("found", CASES)
def test_what_the_long_run_once_found_is_read_or_refused_at_once(found, tmp_path):
    """The files as they were; each crashed a reader or kept it busy for minutes."""
    target = next(target for target in all_targets() if target.name == found.partition(" ")[2])
    files = {name.partition("/")[2]: FOUND.read(name) for name in FOUND.namelist() if name.startswith(f"{found}/")}
    begun = time.process_time()
    said, why = outcome(target, written(files, tmp_path / "case"))
    assert said in {"read", "refused"}, why
    assert time.process_time() - begun < SECONDS


def test_the_page_has_every_limit():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", PAGE, re.MULTILINE))
    assert rows == {name: f"{limit.most:,}" for name, limit in LIMITS.items()}
