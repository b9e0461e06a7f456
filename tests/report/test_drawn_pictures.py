"""The page's own drawings: one scale, colours that tell numbers apart, whole names, nothing outside the sheet."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from made_measurements import make_classes, many_sweeps

from isthmus.report.barriers.scale import colour_limit
from isthmus.report.barriers.table import barrier_table
from isthmus.report.drawn.axis import broken_axis, round_numbers
from isthmus.report.drawn.bars import bars
from isthmus.report.drawn.canvas import Canvas, text_width
from isthmus.report.drawn.classes import class_heatmap
from isthmus.report.drawn.colours import STEPS, contrast, ink_on, shade, shade_colour
from isthmus.report.drawn.curves import curves
from isthmus.report.drawn.distances import distances
from isthmus.report.drawn.heatmap import heatmap
from isthmus.report.rows.cumulative import cumulative_drawing
from isthmus.report.rows.windows import window_drawing
from isthmus.report.short_names import shortened
from isthmus.report.svg import compact

Make = Callable[..., xr.Dataset]
NAMES: list[Any] = [21, ["conv"], ["</title><script>alert('1')</script>", "層" * 30, "a$b$"]]
NAMES += [[f"model.layers.{i}.self_attn.q_proj" for i in range(9)]]
DRAWN = (heatmap, bars, curves, distances)
HOSTILE = "</title><script>alert('1')</script>&amp;\""


def root_of(canvas: Canvas) -> ElementTree.Element:
    return ElementTree.fromstring(canvas.file("a picture"))


def drawn_of(picture: Callable[..., Canvas], result: xr.Dataset) -> Canvas:
    return picture(result) if picture is distances else picture(result, "loss_rise")


@pytest.mark.parametrize("number", [*range(-STEPS - 1, STEPS + 2)])
def test_a_number_is_read_on_every_shade(number: int) -> None:
    ink = {"on-dark": "#ffffff", "on-light": "#000000"}[ink_on(number)]
    assert contrast(shade_colour(number), ink) >= 4.5


def test_what_is_beyond_the_scale_has_a_colour_that_nothing_on_it_has() -> None:
    on_scale = {shade_colour(shade(value, 0.22)) for value in np.linspace(-0.22, 0.22, 301)}
    assert len(on_scale) == 2 * STEPS + 1
    assert not {shade_colour(shade(value, 0.22)) for value in (2.29, -2.29, 0.23, np.inf)} & on_scale


def set_row(result: xr.Dataset, layer: str, value: float) -> None:
    for end, shift in (("", 0.0), ("_low", -0.001), ("_high", 0.001)):
        for name in ("loss_rise", "loss_barrier"):
            result[f"{name}{end}"].loc[{"moving": layer}] = value + shift


def test_the_full_network_and_the_layers_share_a_scale_up_to_tenfold(measurement: Make) -> None:
    result = measurement(["conv1", "conv2", "fc"], errors=False)
    for layer, value in (("conv1", 0.2), ("conv2", 0.1), ("fc", 0.1), ("all", 1.9)):
        set_row(result, layer, value)
    assert colour_limit(barrier_table(result, "loss_rise")) == pytest.approx(1.9)
    assert "another scale" not in bars(result, "loss_rise").inline("")
    set_row(result, "all", 2.1)
    assert colour_limit(barrier_table(result, "loss_rise")) == pytest.approx(0.2)
    assert "another scale" in bars(result, "loss_rise").inline("")
    assert "above, to 2.1" in heatmap(result, "loss_rise").inline("")


def test_black_cells_have_an_edge_that_dark_pages_show(measurement: Make) -> None:
    result = measurement(layers=["conv", "fc"])
    set_row(result, "conv", 0.1)
    set_row(result, "all", 2.0)
    black = [
        element.get("class") for element in root_of(heatmap(result, "loss_rise")) if element.get("fill") == "#000000"
    ]
    assert len(black) == 2, "the full network's cells, and the sample beside the scale"
    assert set(black) == {"beyond"}


def test_one_layer_far_off_does_not_bleach_the_rest(measurement: Make) -> None:
    result = measurement([f"conv{i}" for i in range(8)], errors=False)
    for i in range(8):
        set_row(result, f"conv{i}", 46.1 if i == 3 else 0.1 + 0.01 * i)
    set_row(result, "all", 1.5)
    assert colour_limit(barrier_table(result, "loss_rise")) == pytest.approx(1.5)
    assert "above, to 46" in heatmap(result, "loss_rise").inline("")


def test_bars_on_an_unbroken_axis_are_as_long_as_their_numbers(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], errors=False, hosts=("a",))
    for layer, value in (("conv1", 0.2), ("fc", 0.4), ("all", 1.6)):
        set_row(result, layer, value)
    rects = [rect for rect in root_of(bars(result, "loss_rise")).iter() if rect.get("class") == "bar-a"]
    lengths = [float(rect.get("width", 0)) for rect in rects[1:]]  # the first is the legend's
    np.testing.assert_allclose(np.array(lengths) / lengths[0], [1.0, 0.125, 0.25], atol=0.01)


@given(st.floats(-1, 0), st.floats(0.1, 1), st.lists(st.floats(20, 90), min_size=1, max_size=3))
def test_a_broken_axis_keeps_the_order_of_numbers(low: float, high: float, far: list[float]) -> None:
    axis = broken_axis((low, high), [(value - 1, value + 1) for value in far], 100, 300)
    assert len(axis.pieces) == 2
    values = sorted([low, 0.0, high, *far])
    places = [axis.at(value) for value in values]
    assert places == sorted(places)
    assert 100 <= places[0] <= places[-1] <= 300
    assert axis.pieces[0].end < axis.pieces[1].start


def test_ticks_are_round_and_within() -> None:
    for low, high in ((-0.11, 0.23), (0, 46.1), (-3e-7, 5e-7), (0, 1e6)):
        ticks = round_numbers(low, high, 4)
        assert 1 <= len(ticks) <= 5
        assert all(low <= value <= high for value, _ in ticks)


def test_numbers_at_the_edge_stay_on_the_sheet(measurement: Make) -> None:
    result = measurement(3, [0.0, 0.5, 1.0])
    for factor in np.geomspace(0.03, 1, 100):  # somewhere a tick is the last point of its axis
        scaled = result.assign({name: factor * of for name, of in result.data_vars.items() if of.dtype.kind == "f"})
        canvas = distances(scaled)
        for text in root_of(canvas).iter("{http://www.w3.org/2000/svg}text"):
            if text.get("text-anchor") == "middle" and "rotate" not in text.get("transform", ""):
                x, half = float(text.attrib["x"]), text_width(text.text or "", 9.5) / 2
                assert half - 0.1 <= x <= canvas.width - half + 0.1, text.text


@pytest.mark.parametrize("picture", DRAWN)
@pytest.mark.parametrize("names", NAMES, ids=str)
def test_every_text_stays_on_the_sheet_and_every_name_is_there(picture: Any, names: Any, measurement: Make) -> None:
    result = measurement(names, [0.0, 0.5, 1.0])
    canvas = drawn_of(picture, result)
    root = root_of(canvas)
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        if "rotate" in text.get("transform", ""):
            continue
        words = "".join(part for part in [text.text or "", *((child.tail or "") for child in text)])
        size = 9.5 if "small" in text.get("class", "") else 10
        x, width = float(text.get("x", 0)), text_width(words, size)
        left = {"end": x - width, "middle": x - width / 2}.get(text.get("text-anchor", ""), x)
        assert left > -6, words
        if "text-anchor" not in text.attrib:
            assert x + width <= canvas.width + 30, words
    if picture is not curves:
        known = [row for zones in canvas.zones for row in zones.rows]
        assert set(result["moving"].values[1:]) <= set(known)


@pytest.mark.parametrize("picture", DRAWN)
def test_no_name_is_markup(picture: Any, measurement: Make) -> None:
    canvas = drawn_of(picture, measurement([HOSTILE, "fc"], [0.0, 0.5, 1.0]))
    inline = canvas.inline(HOSTILE)
    assert "<script" not in inline
    ElementTree.fromstring(inline)
    (found,) = re.findall(r"data-zones='([^']*)'", inline)
    assert json.loads(unescape(found))


def test_names_are_shortened_in_the_middle_and_stay_different() -> None:
    names = [f"transformer.h.{i}.attn.c_attn" for i in range(12)] + ["lm_head"]
    short = shortened(names, 18)
    assert max(map(len, short)) == 18
    assert len(set(short)) == len(names)
    assert short[-1] == "lm_head"
    assert all("…" in name and name.endswith("attn.c_attn") for name in short[:-1])
    assert shortened(["layer1.0.conv1"], 20) == ["layer1.0.conv1"]
    alike = shortened([f"transformer.h.{i}.attn.c_attn.weight" for i in range(3)], 19)
    assert len(set(alike)) == 3
    assert max(map(len, alike)) <= 19
    assert all(str(i) in name for i, name in enumerate(alike))


def test_shortened_names_of_two_kinds_and_many_numbers_stay_different() -> None:
    names = [f"transformer_blocks.{i}.{kind}_projection" for i in range(30) for kind in ("intermediate", "output")]
    short = shortened(names, 20)
    assert len(set(short)) == 60
    assert max(map(len, short)) == 20


def test_a_file_stands_alone_and_is_as_compact_as_it_gets(measurement: Make) -> None:
    content = heatmap(measurement(3), "loss_rise").file("Heat map")
    assert compact(content) == content
    assert b"var(" not in content
    assert b"<title>Heat map</title>" in content
    assert content == heatmap(measurement(3), "loss_rise").file("Heat map")


def test_intervals_stand_on_curves_where_they_are_known(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], [0.0, 0.25, 0.5, 1.0], errors=False, hosts=("a",))
    inline = curves(result, "loss_rise").inline("")
    assert "Upright lines are 95 % intervals" in inline
    # full network, conv1, fc; each at the midpoint, at its largest and at the exchange
    assert len(re.findall(r'<path d="M[\d. ]+h4M', inline)) == 9


def test_many_undecided_cells_stay_quiet_and_a_hundred_classes_fit(measurement: Make) -> None:
    result = measurement(5)
    canvas = class_heatmap(make_classes(result, 100), "a", "loss_barrier", "nats")
    assert len(canvas.zones) == 2
    assert max(zones.lefts[-1] + zones.widths[-1] for zones in canvas.zones) <= canvas.width
    assert len(canvas.inline("")) < 60_000


def test_questions_of_groups_are_drawn_for_the_page_too() -> None:
    result = many_sweeps(5, errors=False)
    grown = cumulative_drawing(result, "loss_rise")
    assert [zones.rows for zones in grown.zones] == [["into a"], ["into b"]] * 2
    assert grown.zones[0].columns[0] == "1 layer"
    lengths = window_drawing(result, "loss_rise").zones
    assert [zones.columns[0] for zones in lengths] == ["", "one layer", "2 layers from this one on"]
    assert [len(zones.rows) for zones in lengths] == [1, 5, 4]
