"""What the terminal shows."""

import io
import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from isthmus.pages import page
from isthmus.report import summary_texts
from isthmus.report.barriers.hints import hints

Make = Callable[..., xr.Dataset]


def printed(result: xr.Dataset) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(*summary_texts(result), sep="\n")
    return console.file.getvalue()  # type: ignore[attr-defined]


def words(result: xr.Dataset) -> str:
    """What is printed with its line breaks undone."""
    return " ".join(printed(result).split())


def shortened_name(lines: list[str]) -> str:
    return next((line.split()[0] for line in lines if line.startswith("lay") and line.split()[0].endswith(".0")), "")


def test_long_names_are_shortened_in_the_middle_and_stay_different(measurement: Make) -> None:
    names = [f"transformer.h.{i}.attn.c_attn.weight" for i in range(11)]
    shown = [line.split()[0] for line in printed(measurement(names)).splitlines() if "…" in line]
    assert len(set(shown)) == 11
    assert all("…" in name and len(name) <= 23 for name in shown)


def test_the_headline_stands_below_the_table_and_how_many_examples_a_precision_took(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], errors=False)
    assert "costs host" in words(result)
    assert "examples" not in words(result)
    result["num_examples"][:] = [[512, 64, 128], [512, 96, 128]]
    text = words(result.assign_attrs(precision=0.05, num_examples=2000))
    assert "To know every barrier to ±0.05 took 64 to 512 of 2000 examples, the full network 512." in text


def test_the_table_fits_into_80_columns_and_loses_no_digit(measurement: Make) -> None:
    for alphas in ([0.5], [0.0, 0.3, 0.5, 1.0]):
        result = measurement(["conv1", "layer4.1.downsample.0"], alphas, half_width=0.0003, splits=["train", "test"])
        lines = printed(result).splitlines()
        assert max(len(line) for line in lines) <= 80
        assert "…" not in "".join(lines).replace(shortened_name(lines), "")
        for value in (
            "loss_barrier",
            "loss_rise",
            *(["loss_largest_rise", "loss_exchange_rise"] if len(alphas) > 1 else []),
        ):
            for number in result[value].values.reshape(-1):
                assert any(f"{number:.4f}".replace("-", "−").replace("−0.0000", "0.0000") in line for line in lines), (
                    value
                )
        assert any("train:" in line for line in lines)


def test_on_a_grid_midpoint_largest_rise_and_exchange_stand_apart(measurement: Make) -> None:
    result = measurement(["conv1"], [0.0, 0.25, 0.5, 1.0], errors=False, hosts=["a"])
    for name, value in (("", 0.5), ("_largest", 0.75), ("_exchange", 2.5)):
        for end, shift in (("", 0), ("_low", -0.25), ("_high", 0.25)):
            result[f"loss{name}_rise{end}"].loc[{"moving": "conv1"}] = value + shift
    result["alpha_at_loss_largest_rise"].loc[{"moving": "conv1"}] = 0.25
    result["loss_barrier"].loc[{"moving": "conv1"}] = 3.25
    (line,) = (line.split() for line in printed(result).splitlines() if line.split()[:1] == ["conv1"])
    assert line[2:5] == ["0.5", "[0.2,", "0.8]"]
    assert line[5:8] == ["0.8", "0.25", "2.5"]
    assert "exchange" in printed(result)
    assert "Exchanged and not averaged (alpha 1), conv1 costs most: host a 2.5 nats" in words(result)
    assert "between the networks the rise of the full network is" in words(result)
    for end in ("", "_low", "_high"):
        result[f"loss_exchange_rise{end}"].loc[{"moving": [m for m in result.moving.values if m != "all"]}] = -0.5
    assert "(alpha 1), no single layer raises the loss, and conv1 lowers it least: host a −0.5" in words(result)


def test_without_an_alpha_between_no_rise_is_shown(measurement: Make) -> None:
    result = measurement(["conv1"], [0.0, 1.0], errors=False)
    text = words(result)
    assert "loss rise" not in text
    assert "exchange" in text
    assert "Averaging" not in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize("alphas", [[0.0], [1.0], [0.0, 1.0], [1.5], [-0.5, 0.5]])
@pytest.mark.parametrize("baseline", ["models", "host"])
def test_odd_grids_are_printed_with_the_interval_of_what_comes_first(
    measurement: Make, alphas: list[float], baseline: str
) -> None:
    result = measurement(["conv1"], alphas, hosts=["a"]).assign_attrs(baseline=baseline)
    text = printed(result)
    (line, *_) = (line for line in text.splitlines() if line.startswith("conv1"))
    assert "[" in line
    assert "conv1" in page([("one", result, None)])


def test_an_alpha_that_is_not_the_midpoint_is_named(measurement: Make) -> None:
    assert "Going 0.25 of the way with the full network costs host a" in words(measurement(2, [0.25]))
    assert "loss rise at 0.25" in words(measurement(2, [0.25]))


def test_both_networks_alone_and_the_sentences_of_the_page_are_printed(measurement: Make) -> None:
    result = measurement(3)
    result["loss_a"][...], result["loss_b"][...] = 0.125, 2.5
    text = words(result)
    assert "loss of a 0.1250, of b 2.5000; error of a 30.00 %, of b 30.00 %" in text
    assert "Averaging the full network costs host a" in text
    assert "percentage points of error" in text


def test_a_result_from_before_the_rise_shows_its_barriers_as_ever(measurement: Make) -> None:
    result = measurement(3)
    text = words(result.drop_vars([name for name in result.variables if "rise" in str(name)]))
    assert "Barriers over baseline models, 95 % intervals" in text
    assert "Averaging the full network gives a loss barrier of" in text
    assert "rise" not in text


def test_names_are_not_read_as_markup(measurement: Make) -> None:
    assert "fc[bold]" in printed(measurement(["fc[bold]"]))


def test_marks_and_nan_are_shown_and_explained(measurement: Make, changed: Make) -> None:
    result = measurement(2, errors=False)
    assert "†" not in printed(result)
    result = changed(
        result, loss_barrier=math.nan, loss_barrier_at_end=True, loss_rise=math.nan, loss_rise_effective_examples=29.9
    )
    text = printed(result)
    assert "NaN†" in text
    assert "NaN‡" in text
    assert "† largest at alpha 0 or 1" in text
    assert "‡ carried by fewer than 30 examples" in " ".join(text.split())
    for name in ("loss rises", "loss barriers"):
        assert f"1 of 6 {name} is NaN and counts for nothing here." in words(result)
    assert "error" not in text


def test_no_hint_where_none_is_due(measurement: Make) -> None:
    assert hints(measurement(5)) == []
    assert "hint" not in printed(measurement(5))


def test_the_same_weights_twice_are_hinted_at(measurement: Make) -> None:
    result = measurement(5, identical=True)
    assert hints(result) == [
        "a and b hold the same weights, so nothing moves and every number is zero: was one file given twice?"
    ]
    assert "hint: a and b hold the same weights" in words(result)


def test_blended_statistics_are_hinted_at_where_averaging_costs_something(measurement: Make) -> None:
    result = measurement(5)
    result.attrs["num_normalizations"] = 20
    (hint,) = hints(result)
    assert "running statistics of 20 normalisation layers were blended" in hint
    assert "--batch-norm recalibrate --recalibrate-on" in hint
    assert hints(result.assign_attrs(batch_norm="recalibrate")) == []
    nothing = result.copy(deep=True)
    nothing["loss_rise_low"].loc[{"moving": "all"}] = -0.1
    assert hints(nothing) == []


def test_networks_of_unequal_loss_are_hinted_at_where_that_outweighs_the_layers(measurement: Make) -> None:
    result = measurement(5)
    result["loss_rise"][:, 1:] = [[0.1, -0.2, 0.3, 0.4, 0.5]] * 2
    result["loss_b"][...] = result["loss_a"] + 0.58
    assert hints(result) == []  # half of it is 0.29, the median layer's rise 0.3
    result["loss_b"][...] = result["loss_a"] + 0.64
    (hint,) = hints(result)
    assert "losses differ: half of that, 0.32 nats, is taken from every barrier into a" in hint
    assert "added to every barrier into b" in hint
    assert hints(result.assign_attrs(baseline="cut")) == []
    assert hints(result.sel(host=["b"]))[0].count("every barrier") == 1
    result["loss_rise"][:] = np.nan
    assert hints(result) == []
