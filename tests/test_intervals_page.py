"""The page of intervals: its tables are those of the benchmark, and its claim holds in them."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import coverage  # noqa: E402
from fixed_intervals import FEWEST, HEAD, SIZES, cases, extreme_lines, study  # noqa: E402

PAGE = (ROOT / "docs" / "intervals.md").read_text(encoding="utf-8")
TABLE = PAGE.split(HEAD)[1].split("\n\n")[0]
ROWS = [line.strip("| ").split(" | ") for line in TABLE.splitlines()[2:]]
CASES = {case.name: case for case in cases()}


def row(name, n):
    (found,) = (found for found in ROWS if found[:2] == [name, str(n)])
    return found


def test_every_case_of_the_benchmark_is_on_the_page():
    assert [(found[0], int(found[1])) for found in ROWS] == [(name, n) for name in CASES for n in SIZES]


def test_the_claim_of_the_mark_holds_in_the_table():
    most = int(re.search(r"without the mark and wrong in at most (\d+) of 100", PAGE)[1])
    claimed = [float(found[6]) for found in ROWS if "(1)" not in found[6]]
    assert max(claimed) <= most
    assert len(claimed) > 0.6 * len(ROWS)


@pytest.mark.parametrize("name", ["lognormal(1.5)", "10 in 1,000 by 10", "2 in 1,000 by 30", "normal"])
def test_the_note_marks_what_is_rarer_than_three_in_a_sample(name):
    share = CASES[name].deciding_share()
    assert ["(1)" in row(name, n)[6] for n in SIZES] == [share * n < FEWEST for n in SIZES]


@pytest.mark.parametrize(
    ("name", "n"), [("lognormal(1.5)", 256), ("log(1 + e^z), z normal(-8, 4)", 64), ("normal", 64)]
)
def test_the_numbers_of_the_table_are_those_of_the_code(name, n):
    runs = 400
    found, stated = study(CASES[name], n, runs), row(name, n)
    for column, key in ((2, "covered"), (3, "student"), (5, "marked"), (6, "unmarked_and_wrong")):
        p = float(stated[column].removesuffix(" (1)")) / 100
        assert abs(found[key] / 100 - p) <= 4 * (max(p * (1 - p), 0.005) / runs) ** 0.5, key


def test_an_extreme_of_the_table_is_that_of_the_code():
    (line,) = (line for line in extreme_lines(40, sizes=(256,)) if "equal rises, normal" in line)
    _, _, together, alone = line.strip("| ").split(" | ")
    assert float(together) >= 90
    assert float(alone) <= 65


PRECISE = [line.strip("| ").split(" | ") for line in PAGE.split("| population |")[1].split("\n\n")[0].splitlines()[2:]]


def test_every_population_of_the_benchmark_of_precision_is_on_the_page():
    expected = [(name, precision) for name, _, precisions in coverage.cases() for precision in precisions]
    assert [(found[0], float(found[2])) for found in PRECISE] == expected


@pytest.mark.parametrize("found", PRECISE, ids=lambda found: f"{found[0]} {found[2]}")
def test_intervals_to_a_precision_cover_in_every_line_of_the_page_and_are_never_without_width(found):
    assert min(float(worst.split(", ")[0]) for worst in found[3:5]) >= 94
    assert found[8] == "0"


def test_a_line_of_the_page_is_that_of_the_code():
    (stated,) = (found for found in PRECISE if found[0] == "0.6 % of examples change" and found[2] == "0.01")
    found = coverage.study(coverage.Population.made(stated[0]), 0.01, runs=60)
    assert found["examples"] == pytest.approx(float(stated[5].split(", ")[0].replace(",", "")), rel=0.1)
    assert f"{found['fixed_size']:,}" == stated[6].split(", ")[0]
