"""`isthmus report` and `isthmus explore` read results that are stored, and load no torch for it."""

from pathlib import Path

import pytest
from federated_tables import made_tables, saved
from torchless import statuses

TESTS = Path(__file__).parent.parent
STORED = TESTS / "stored" / "0.1.0"
RUNS = [TESTS / "runs" / "stored" / "schema1", STORED / "run-precision"]


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    tables = made_tables(lambda *_: 0.2, ("all", "barrier"), (0, 1), 2, 2)
    return saved(*tables, tmp_path_factory.mktemp("federation"))


def test_a_report_of_whatever_is_stored_loads_no_torch(tmp_path, federation):
    others = [STORED / "collection-steps", STORED / "study-similarity", federation]
    commands = [
        ["report", *folders, "--out", tmp_path / str(i)] for i, folders in enumerate([RUNS, *zip(others, strict=True)])
    ]
    assert statuses(*([str(word) for word in command] for command in commands)) == [0] * len(commands)
    assert all((Path(command[-1]) / "report.html").is_file() for command in commands)


def test_a_written_explorer_loads_no_torch(tmp_path):
    assert statuses(["explore", str(STORED / "run"), "--out", str(tmp_path / "page.html")]) == [0]
    assert (tmp_path / "page.html").is_file()
