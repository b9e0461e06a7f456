"""Rises with the barriers beside them: in every picture and table both stand, each with its own numbers."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from made_measurements import many_sweeps
from matplotlib.figure import Figure
from matplotlib.text import Text

from isthmus.pages import page, save_report
from isthmus.pages.tables import class_rows, run_rows, summary_rows
from isthmus.report import bars, curves, heatmap
from isthmus.report.drawn.bars import bars as drawn_bars
from isthmus.report.drawn.curves import curves as drawn_curves
from isthmus.report.drawn.heatmap import heatmap as drawn_heatmap
from isthmus.report.rows.cumulative import cumulative_curves
from isthmus.report.rows.windows import window_bars, window_sentence

Make = Callable[..., xr.Dataset]
LAYERS = ["conv1", "fc"]


@pytest.fixture
def apart(measurement: Make) -> xr.Dataset:
    """Rises of 0.1 to 0.4, and barriers that are other numbers: b is worse than a by 0.6."""
    result = measurement(LAYERS, errors=False)
    for name, values in {
        "loss_rise": [[0.9, 0.1, 0.2], [0.3, 0.3, 0.4]],
        "loss_barrier": [[0.6, -0.2, -0.1], [0.6, 0.6, 0.7]],
    }.items():
        for end, shift in (("", 0.0), ("_low", -0.05), ("_high", 0.05)):
            result[f"{name}{end}"][:] = np.array(values) + shift
    result["loss_b"][...] = result["loss_a"] + 0.6
    return result


def texts(figure: Figure) -> list[str]:
    return [found.get_text() for found in figure.findobj(Text)]


def test_the_heat_map_has_columns_of_rises_and_of_barriers_with_their_own_numbers(apart: xr.Dataset) -> None:
    axes = heatmap(apart, "loss_rise").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "rise\ninto a", "rise\ninto b", "barrier\ninto a", "barrier\ninto b",
    ]  # fmt: skip
    rows: dict[float, list[str]] = {}
    for found in sorted(axes.texts, key=lambda text: text.get_position()):
        rows.setdefault(found.get_position()[1], []).append(found.get_text())
    assert list(dict(sorted(rows.items())).values()) == [
        ["0.90", "0.30", "0.60", "0.60"],
        ["0.10", "0.30", "−0.20", "0.60"],
        ["0.20", "0.40", "−0.10", "0.70"],
    ]
    assert len(heatmap(apart).axes[0].get_xticklabels()) == 2


def test_bars_are_rises_and_diamonds_barriers_or_arrows_where_these_lie_far_off(apart: xr.Dataset) -> None:
    apart["loss_barrier"].loc[{"moving": "fc", "host": "b"}] = 70.0
    axes = bars(apart, "loss_rise").axes[1]
    np.testing.assert_allclose([patch.get_width() for patch in axes.patches], [0.1, 0.3, 0.2, 0.4])
    marks = [(line.get_marker(), float(line.get_xdata()[0])) for line in axes.lines if line.get_marker() in "D<>"]
    edge = axes.get_xlim()[1]
    assert edge < 1
    assert [mark for mark, _ in marks] == ["D", "D", "D", ">"]
    np.testing.assert_allclose([at for _, at in marks], [-0.2, 0.6, -0.1, edge])
    assert "barrier" in texts(bars(apart, "loss_rise"))
    assert "barrier" not in texts(bars(apart))


@pytest.mark.parametrize("baseline", ["models", "chord", "cut", "host"])
def test_curves_begin_at_the_host_and_show_where_barriers_count_from(measurement: Make, baseline: str) -> None:
    result = measurement(LAYERS, [0.0, 0.5, 1.0], errors=False).assign_attrs(baseline=baseline)
    result["loss"].loc[{"alpha": 0.0}] = 0.3
    result["loss"].loc[{"host": "b", "alpha": 0.0}] = 0.7
    result["loss_a"][...], result["loss_b"][...] = 0.3, 0.7
    figure = curves(result, "loss_rise")
    for panel, host in zip(figure.axes[:2], "ab", strict=True):
        full = panel.lines[0].get_ydata()
        assert full[0] == pytest.approx(0)
        np.testing.assert_allclose(full, result.loss.sel(moving="all", host=host) - result[f"loss_{host}"])
        sign = 1 if host == "a" else -1
        expected = {"models": [0.2, 0.2, 0.2], "chord": [0.0, 0.2, 0.4]}.get(baseline)
        dotted = [line.get_ydata() for line in panel.lines if line.get_linestyle() == ":"]
        assert len(dotted) == (expected is not None)
        if expected is not None:
            np.testing.assert_allclose(dotted[0], sign * np.array(expected), atol=1e-12)
    drawn = drawn_curves(result, "loss_rise").inline("curves")
    assert ('class="dotted"' in drawn) == (baseline in {"models", "chord"})


def test_growing_groups_have_a_row_of_rises_and_a_row_of_barriers() -> None:
    result = many_sweeps(4, ["cumulative:deep_first"], errors=False)
    result["loss_barrier"] = result["loss_barrier"] + 1.0
    figure = cumulative_curves(result, "loss_rise")
    rows = [f"deep_first:{k:02}" for k in (1, 2, 3, 4)]
    assert len(figure.axes) == 4
    for axes, name, host in zip(figure.axes, ("rise", "rise", "barrier", "barrier"), "abab", strict=True):
        values = result[f"loss_{name}"].sel(moving=rows, host=host)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), values)
    assert len(cumulative_curves(result).axes) == 2


def test_windows_have_diamonds_and_the_barrier_of_the_one_that_costs_most() -> None:
    result = many_sweeps(4, ["window:2"], errors=False)
    result["loss_rise"][:], result["loss_barrier"][:] = 0.1, 0.4
    result["loss_rise"].loc[{"moving": "window2:conv1", "host": "b"}] = 0.3
    result["loss_barrier"].loc[{"moving": "window2:conv1", "host": "b"}] = 0.25
    words = window_sentence(result, "loss_rise")
    assert re.search(r"of windows of 2 layers 0\.3\d* \[.*?\] \(conv1 to .* into b\), a barrier of 0\.25?;", words)
    (axes,) = window_bars(result, "loss_rise").axes
    marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(sorted(marks), [0.25, 0.4, 0.4, 0.4, 0.4, 0.4])


def test_the_pictures_of_the_page_hold_both(apart: xr.Dataset) -> None:
    (zones,) = drawn_heatmap(apart, "loss_rise").zones
    assert zones.columns == ["rise into a", "rise into b", "barrier into a", "barrier into b"]
    shown = [[tip.split()[0] for tip in row] for row in zones.tips]
    assert shown == [
        ["0.90", "0.30", "0.60", "0.60"],
        ["0.10", "0.30", "−0.20", "0.60"],
        ["0.20", "0.40", "−0.10", "0.70"],
    ]
    full, layers = drawn_bars(apart, "loss_rise").zones
    assert full.rows == ["full network"]
    assert layers.tips[0][0].startswith("into a: 0.10 [0.05, 0.15] nats")
    assert "barrier −0.20 [−0.25, −0.15]" in layers.tips[0][0]


def cells(table: object) -> dict[str, dict[str, str]]:
    return {
        row[0].text: dict(zip(table.columns, (cell.text for cell in row), strict=True))  # type: ignore[attr-defined]
        for row in table.rows  # type: ignore[attr-defined]
    }


def test_the_table_of_the_page_tells_midpoint_largest_rise_exchange_and_barrier_apart(measurement: Make) -> None:
    result = measurement(LAYERS, [0.0, 0.25, 0.5, 1.0], errors=False, hosts=["a"], half_width=0.0)
    for number, name in enumerate(("rise", "largest_rise", "exchange_rise", "barrier"), start=1):
        for end in ("", "_low", "_high"):
            result[f"loss_{name}{end}"].loc[{"moving": "fc"}] = number / 4
    result["alpha_at_loss_largest_rise"].loc[{"moving": "fc"}] = 0.25
    found = cells(summary_rows(result, None))["fc"]
    assert found["loss rise (nats) into a"] == "0.2500"
    assert found["largest loss rise (nats) into a"] == "0.5000"
    assert found["loss rise of an exchange (nats) into a"] == "0.7500"
    assert found["loss barrier (nats) into a"].startswith("1.0000")
    (row,) = (row for row in summary_rows(result, None).rows if row[0].text == "fc")
    assert row[2].faint.endswith("at 0.25")


def test_r_has_its_interval_and_a_dash_where_there_is_nothing_to_share(measurement: Make) -> None:
    result = measurement(LAYERS, errors=False, hosts=["a"])
    for end, value in (("", 0.5), ("_low", 0.25), ("_high", 1.0)):
        result[f"loss_rise_share{end}"].loc[{"moving": "fc"}] = value
    table = summary_rows(result, None)
    column = table.columns.index("r into a")
    full, _, fc = (row[column] for row in table.rows)
    assert (full.text, full.faint) == ("–", "")
    assert (fc.text, fc.faint) == ("0.5", "[0.2, 1.0]")


def test_classes_have_rises_beside_barriers(measurement: Make, classes: Make) -> None:
    result = measurement(LAYERS)
    of_classes = classes(result, 2)
    for end in ("", "_low", "_high"):
        of_classes[f"loss_rise{end}"] = of_classes[f"loss_barrier{end}"] * 0 + 0.25
        of_classes[f"error_rise{end}"] = of_classes[f"error_barrier{end}"] * 0 + 0.25
    of_classes["loss_rise"].loc[{"moving": "fc", "label": 1, "host": "b"}] = 0.75
    units = {"loss": "nats", "error": "percentage points"}
    found = cells(class_rows(of_classes, units, None)[0])["class 1"]
    assert found["Largest layer into b"] == "fc"
    assert found["Its loss rise (nats)"] == "0.75"
    assert found["Full network into b, loss rise (nats)"] == "0.2500"
    assert "Full network into b, loss barrier (nats)" in found
    assert "rise" not in str(class_rows(classes(result, 2), units, None)[0].columns)


def test_runs_side_by_side_show_both(apart: xr.Dataset) -> None:
    before = apart.drop_vars([name for name in apart.variables if "rise" in str(name)])
    (table,) = run_rows([("new", apart), ("old", before)])
    new, old = ([cell.text for cell in row] for row in table.rows)
    assert new == ["new", "all data", "0.90", "0.60", "fc into b", "0.40", "0.70"]
    assert old == ["old", "all data", "–", "0.60", "fc into b", "–", "0.70"]


class Words(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def test_the_page_says_first_what_averaging_costs(apart: xr.Dataset, tmp_path: Path) -> None:
    text = save_report([("one", apart, None)], tmp_path).read_text()
    words = " ".join(" ".join(Words(text).found).split())
    first = "Averaging fc costs host b 0.40 nats, the most of 2 single layers; averaging everything costs host a 0.90"
    assert words.index(first) < words.index("over the mean of the two networks that is a barrier of 0.60 into a")
    assert "Hint: The two networks' losses differ: half of that, 0.3 nats, is taken from every barrier" in words
    assert "The rise is the loss (or error) with the moving layers at alpha 0.5, half-way," in words
    assert "Heat map: loss rise (nats)" in words


def test_a_run_from_before_the_rise_has_its_page_of_barriers(apart: xr.Dataset, tmp_path: Path) -> None:
    before = apart.drop_vars([name for name in apart.variables if "rise" in str(name)])
    words = " ".join(Words(save_report([("one", before, None)], tmp_path).read_text()).found)
    assert "Averaging the full network gives a loss barrier of" in words
    assert "Heat map: loss barrier (nats)" in words
    assert "r is the number" not in words


def test_two_ends_alone_show_the_exchange(measurement: Make) -> None:
    words = " ".join(Words(page([("one", measurement(LAYERS, [0.0, 1.0]), None)])).found)
    assert "Heat map: loss rise of an exchange (nats)" in words
    assert "Averaging everything" not in words
