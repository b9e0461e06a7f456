"""What the static pictures must show, whatever the numbers."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from drawn import texts
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from isthmus.errors import InputError, UnknownNameError
from isthmus.measures.estimate import Estimate
from isthmus.report import bars, curves, distances, heatmap
from isthmus.report.barriers.scale import colour_limit
from isthmus.report.barriers.table import barrier_table
from isthmus.report.picture import FORMATS
from isthmus.report.style import axis_limits, picture_bytes
from isthmus.results.rows import in_split

Make = Callable[..., xr.Dataset]


def cell_colours(figure: object) -> dict[str, tuple[float, ...]]:
    """Fill of each heat map cell by the text in its middle."""
    axes = figure.axes[0]
    fills = {}
    for patch in axes.patches:
        if isinstance(patch, Rectangle):
            centre = (patch.get_x() + 0.5, patch.get_y() + 0.5)
            for text in axes.texts:
                if np.allclose(text.get_position(), centre):
                    fills[text.get_text()] = to_rgba(patch.get_facecolor())
    return fills


@pytest.mark.parametrize("picture", [heatmap, bars, distances])
def test_every_one_of_sixty_layers_is_named_in_the_svg(picture: Callable[..., object], measurement: Make) -> None:
    result = measurement(58)
    shown = texts(picture_bytes(picture(result), "svg"))
    missing = [name for name in result["moving"].values[1:] if name not in shown]
    assert not missing
    assert "full network" in shown


@pytest.mark.parametrize("file_format", ["svg", "png"])
def test_the_same_result_gives_the_same_bytes_twice(file_format: str, measurement: Make) -> None:
    result = measurement(3, [0.0, 0.5, 1.0])
    for picture in (heatmap, bars, curves, distances):
        assert picture_bytes(picture(result), file_format) == picture_bytes(picture(result), file_format), picture


def test_a_figure_laid_out_without_a_drawing_has_the_bytes_of_matplotlib_s_own(
    measurement: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = distances(measurement(3))
    found = [picture_bytes(figure, file_format) for file_format in FORMATS]
    monkeypatch.setattr("isthmus.report.figure.LaidOutFigure", Figure)
    own = distances(measurement(3))
    assert type(own) is Figure
    assert [picture_bytes(own, file_format) for file_format in FORMATS] == found


def test_a_cell_holds_the_stored_value_rounded_as_its_interval_allows(measurement: Make) -> None:
    result = measurement(5, half_width=0.02)
    shown = texts(picture_bytes(heatmap(result), "svg"))
    for host in "ab":
        for layer in result["moving"].values:
            cell = result.sel(host=host, moving=layer)
            half = float(cell["loss_barrier_high"] - cell["loss_barrier_low"]) / 2
            decimals = min(4, max(1, -math.floor(math.log10(half))))
            value = f"{float(cell['loss_barrier']):.{decimals}f}".replace("-", "−")
            assert value in shown, (host, layer)


def test_error_barriers_are_shown_in_percentage_points(measurement: Make, changed: Make) -> None:
    result = changed(measurement(3), error_barrier=0.123, error_barrier_low=0.12, error_barrier_high=0.126)
    assert barrier_table(result, "error_barrier").cells["conv1", "a"].estimate.text == "12.3"
    shown = texts(picture_bytes(heatmap(result, "error_barrier"), "svg"))
    assert "12.3" in shown
    assert any("percentage points" in text for text in shown)


@pytest.mark.parametrize(
    ("half", "decimals"),
    [(12.0, 1), (0.6, 1), (0.034, 2), (0.0004, 4), (1e-7, 4), (0.0, 4), (math.inf, 1), (math.nan, 1)],
)
def test_decimals_follow_the_half_width(half: float, decimals: int) -> None:
    assert Estimate(0.0, -half, half).decimals == decimals


def test_nan_is_written_and_has_no_colour_of_a_number(measurement: Make, changed: Make) -> None:
    nan = dict.fromkeys(("loss_barrier", "loss_barrier_low", "loss_barrier_high"), math.nan)
    result = changed(measurement(4), **nan)
    colour = cell_colours(heatmap(result))["NaN"]
    assert colour[0] == colour[1] == colour[2]
    assert texts(picture_bytes(heatmap(result), "svg")).count("NaN") == 1
    assert "NaN" in [text.strip() for text in texts(picture_bytes(bars(result), "svg"))]


def test_negative_values_are_blue_and_positive_ones_red(measurement: Make, changed: Make) -> None:
    negative = changed(measurement(4), loss_barrier=-0.11, loss_barrier_low=-0.13, loss_barrier_high=-0.09)
    positive = changed(measurement(4), loss_barrier=0.11, loss_barrier_low=0.09, loss_barrier_high=0.13)
    blue, red = cell_colours(heatmap(negative))["−0.11"], cell_colours(heatmap(positive))["0.11"]
    assert blue[2] > blue[0]
    assert red[0] > red[2]


def test_a_full_network_a_hundred_times_larger_does_not_wash_out_the_layers(measurement: Make) -> None:
    table = barrier_table(measurement(6, full=50.0, scale=0.5, half_width=0.01))
    largest = max(abs(cell.estimate.value) for cell in table.layer_cells)
    assert largest <= colour_limit(table) <= 3 * largest
    shown = texts(picture_bytes(heatmap(measurement(6, full=50.0, scale=0.5, half_width=0.01)), "svg"))
    assert any("beyond the colours" in text for text in shown)


def test_mere_noise_looks_pale(measurement: Make) -> None:
    table = barrier_table(measurement(6, full=0.001, scale=0.0001, half_width=0.1))
    assert colour_limit(table) > 10 * max(abs(cell.estimate.value) for cell in table.layer_cells)


def test_an_interval_without_bounds_leaves_the_bars_readable(measurement: Make, changed: Make) -> None:
    result = measurement(5)
    wide = changed(result, loss_barrier_low=-math.inf, loss_barrier_high=math.inf)
    before, after = (
        axis_limits([cell.estimate for cell in barrier_table(shown).layer_cells]) for shown in (result, wide)
    )
    assert before[0] <= after[0] < after[1] <= before[1]
    assert picture_bytes(bars(wide), "png") != picture_bytes(bars(result), "png")


def test_a_maximum_at_an_end_and_a_number_that_few_examples_carry_are_marked_and_explained(measurement: Make) -> None:
    result = measurement(4, [0.0, 0.5, 1.0])
    result["loss_barrier_at_end"][:] = False
    assert barrier_table(result).notes == []
    result["loss_barrier_at_end"].loc[{"moving": "conv1", "host": "a"}] = True
    result["loss_barrier_effective_examples"].loc[{"moving": "fc", "host": "b"}] = 29.9
    shown = texts(picture_bytes(heatmap(result), "svg"))
    assert shown.count("†") == 1
    assert shown.count("‡") == 1
    notes = " ".join(barrier_table(result).notes)
    assert re.search("† largest at alpha 0 or 1.*models the host alone", notes)
    assert re.search("‡ fewer than 30 examples .* too short", notes)
    assert "‡" not in " ".join(barrier_table(result, "error_barrier").notes)


def test_a_single_alpha_has_no_curves(measurement: Make) -> None:
    with pytest.raises(InputError, match=r"expected two or more alphas\n +got one\n.*\n.*measure with alphas=11"):
        curves(measurement(3))


def test_curves_name_the_three_largest_layers_and_break_at_nan(measurement: Make) -> None:
    result = measurement(9, [0.0, 0.25, 0.5, 0.75, 1.0])
    result["loss_excess"].loc[{"moving": "fc", "host": "a", "alpha": 0.5}] = math.nan
    figure = curves(result)
    shown = " ".join(texts(picture_bytes(figure, "svg")))
    values = result["loss_barrier"].sel(host="b").isel(moving=slice(1, None))
    for layer in values["moving"].values[np.argsort(-values.values)[:3]]:
        assert layer in shown
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in figure.axes[2].lines]
    assert sum(bool(np.isnan(values).any()) for values in drawn) == 1


@pytest.mark.parametrize(
    "options",
    [{"identical": True}, {"hosts": ("b",)}, {"errors": False}, {"layers": []}, {"layers": ["a$b$", "层", "<script>"]}],
    ids=str,
)
def test_no_measurement_is_too_odd_to_be_drawn(options: dict[str, object], measurement: Make) -> None:
    result = measurement(**{"layers": 2, "alphas": [0.0, 0.5, 1.0], **options})
    for picture in (heatmap, bars, curves, distances):
        shown = " ".join(texts(picture_bytes(picture(result), "svg")))
        assert "full network" in shown, picture
        assert picture_bytes(picture(result), "png").startswith(b"\x89PNG")
    for layer in result["moving"].values[1:]:
        assert layer in texts(picture_bytes(heatmap(result), "svg"))


def test_an_undefined_cosine_is_named(measurement: Make) -> None:
    result = measurement(4)
    assert "undefined" not in texts(picture_bytes(distances(result), "svg"))
    result["cosine"].loc[{"moving": "conv1"}] = math.nan
    assert "undefined" in texts(picture_bytes(distances(result), "svg"))


def test_a_split_must_be_named_where_there_are_several(measurement: Make) -> None:
    result = measurement(3, splits=["train", "test"])
    with pytest.raises(InputError, match="expected one split of train, test"):
        heatmap(result)
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        heatmap(result, split="tset")
    with pytest.raises(UnknownNameError, match="leave it out"):
        heatmap(measurement(3), split="test")
    assert float(in_split(result, "test")["loss_barrier"][0, 0]) == float(result["loss_barrier"][1, 0, 0])


def test_an_unknown_value_and_missing_errors_are_refused(measurement: Make) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'loss_barrier'"):
        heatmap(measurement(3), "los_barrier")
    with pytest.raises(InputError, match=r"cross_entropy\) has no classes"):
        bars(measurement(3, errors=False), "error_barrier")
