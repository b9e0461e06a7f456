"""A table is made once for a page, and anew outside of it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr
from made_measurements import many_sweeps

from isthmus.pages import save_report
from isthmus.report.barriers import table
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.kept import one_page


def test_a_table_is_made_once_for_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[tuple[str, str | None]] = Counter()

    def counted(value: str, split: str | None, *more: object) -> BarrierTable:
        made[value, split] += 1
        return BarrierTable(value, split, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "BarrierTable", counted)
    result = many_sweeps(4, ["cumulative:deep_first", "window:2"], splits=["train", "test"])
    save_report([("one", result, None)], tmp_path)
    assert len(made) > 4
    assert set(made.values()) == {1}


def test_tables_are_kept_for_the_very_result_alone(measurement: Callable[..., xr.Dataset]) -> None:
    one, equal = measurement(2), measurement(2)
    assert barrier_table(one) is not barrier_table(one)
    with one_page():
        kept = barrier_table(one)
        assert barrier_table(one, "loss_barrier", split=None) is kept
        assert barrier_table(equal) is not kept
        assert barrier_table(one, "error_barrier") is not kept
    assert barrier_table(one) is not kept
