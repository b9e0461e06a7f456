"""The table of networks: every row within rounding of a plain loop, and the program that makes it on some of them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
ROWS = re.findall(
    r"^\| (.+?) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (\S+) \|$", PAGE, flags=re.MULTILINE
)
PART = (
    "mixture, one expert an example", "tokens and a mask by keyword", "LSTM, packed by lengths", "nn.Transformer",
    "U-Net, segmentation", "orthogonal parametrisation", "BertForQuestionAnswering", "CLIPModel",
)  # fmt: skip
LARGEST_DIFFERENCE = 2e-6  # sums in float32 in another order


@pytest.fixture
def cases(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    from tried.every import CASES

    return CASES


def section(title):
    found = re.search(rf"^## {title}\n\n((?:- .*\n)*)", PAGE, flags=re.MULTILINE)
    return re.findall(r"^- (.+?): ", found[1], flags=re.MULTILINE) if found else []


def test_every_network_is_on_the_page_measured_or_refused(cases):
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    assert sorted([row[0] for row in ROWS] + section("Refused")) == sorted(names)
    kinds = [case.kind for case in cases]
    assert min(kinds.count("own"), kinds.count("transformers")) >= 60


def test_no_network_crashes_few_are_refused_and_all_others_equal_the_loop():
    assert section("Crashed") == []
    assert len(section("Refused")) < 5
    assert max(float(row[-1]) for row in ROWS) <= LARGEST_DIFFERENCE


def test_the_program_that_makes_the_page_runs(tmp_path):
    arguments = ["--out", str(tmp_path), "--docs", str(tmp_path), "--only", *PART]
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "networks.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert {row["name"] for row in rows} == set(PART)
    for row in rows:
        assert row["difference"] is not None, row
        assert row["difference"] <= LARGEST_DIFFERENCE, row
    assert "| CLIPModel |" in (tmp_path / "networks.md").read_text(encoding="utf-8")
