"""The table for the terminal."""

import io
import math
from collections.abc import Callable

import xarray as xr
from rich.console import Console

from isthmus.report import summary_table

Make = Callable[..., xr.Dataset]


def printed(result: xr.Dataset) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(summary_table(result))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_fits_into_80_columns_and_loses_no_digit(measurement: Make) -> None:
    result = measurement(["conv1", "layer4.1.downsample.0"], [0.0, 0.5], half_width=0.0003, splits=["train", "test"])
    lines = printed(result).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "…" not in "".join(lines)
    for value in result["loss_barrier"].values.reshape(-1):
        assert any(f"{value:.4f}".replace("-", "−") in line for line in lines)
    assert any("train:" in line for line in lines)


def test_names_are_not_read_as_markup(measurement: Make) -> None:
    assert "fc[bold]" in printed(measurement(["fc[bold]"]))


def test_marks_and_nan_are_shown_and_explained(measurement: Make, changed: Make) -> None:
    result = measurement(2, errors=False)
    assert "†" not in printed(result)
    result = changed(result, loss_barrier=math.nan, loss_barrier_at_end=True, loss_interval_trusted=False)
    text = printed(result)
    assert "NaN†‡" in text
    assert "† largest at alpha 0 or 1" in text
    assert "error barrier" not in text
