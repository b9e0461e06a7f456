"""The picture, the reading and the table of the study of noise."""

import math

import numpy as np
import pytest
import xarray as xr
from made_measurements import resnet_layers
from matplotlib.backends.backend_agg import FigureCanvasAgg

from isthmus.pages.study import study_report
from isthmus.questions.noise.picture import shown_layers, subspace_panels
from isthmus.questions.noise.reading import half_way_sigma, noise_rows, noise_sentence
from isthmus.report.style import picture_bytes

KINDS = ["averaging", "training", "null", "random"]
HEIGHTS = {"averaging": 2.0, "training": 8.0, "null": 0.2, "random": 0.2}


def make_study(num_layers=4, hosts=("a", "b"), unit="distance", half_width=0.01, heights=HEIGHTS, seed=0):
    """Rises that grow with the square of sigma, known in closed form; the null space of the last layer is empty."""
    random = np.random.default_rng(seed)
    moving = ["all", *(resnet_layers(num_layers) if num_layers else [])]
    distance = np.linspace(4.0, 1.0, len(moving))
    sigma = np.array([0.0, 0.25, 0.5, 1.0]) * (1 if unit == "distance" else 4.0)
    fraction = sigma + 0 * distance[:, None] if unit == "distance" else sigma / distance[:, None]
    height = np.array([heights[kind] for kind in KINDS])[:, None] * np.linspace(1, 2, len(moving))[:, None, None]
    rise = height * fraction[:, None, :] ** 2 + np.zeros((len(hosts), 1, 1, 1))
    null_dimension = np.full(len(moving), 1000)
    if num_layers:
        null_dimension[-1] = 0
        rise[:, -1, 2] = np.nan
    dims = ("host", "moving", "kind", "sigma")
    noise = random.uniform(0.1, 0.2, rise.shape) * rise
    noise[:, :, 0] = np.nan
    return xr.Dataset(
        {
            "loss_rise": (dims, rise),
            "loss_rise_low": (dims, rise - half_width * (sigma > 0)),
            "loss_rise_high": (dims, rise + half_width * (sigma > 0)),
            "loss_rise_spread": (dims, noise),
            "loss_rise_effective_examples": (dims, np.full(rise.shape, 300.0)),
            "distance": ("moving", distance),
            "length": (("moving", "sigma"), fraction * distance[:, None]),
            "fraction": (("moving", "sigma"), fraction),
            "rank": ("moving", np.full(len(moving), 21)),
            "null_dimension": ("moving", null_dimension),
            "num_parameters": ("moving", null_dimension + 21),
            "num_snapshots": 22,
        },
        coords={"host": list(hosts), "moving": moving, "kind": KINDS, "sigma": sigma},
        attrs={"study": "subspace", "sigma_unit": unit, "loss": "cross_entropy"},
    )


def panels(figure, text):
    return [axes for axes in figure.axes if text in axes.get_title()]


def curve(axes, kind):
    return axes.lines[KINDS.index(kind)]


def test_every_line_shows_the_rises_of_its_host_layer_and_kind():
    study = make_study()
    study["loss_rise"][1] *= 3
    figure = subspace_panels(study)
    assert len(figure.axes) == 2 * 5
    for host, axes in zip("ab", panels(figure, "full network"), strict=True):
        assert f"leaving {host}" in axes.get_title()
        for kind in KINDS:
            expected = study.loss_rise.sel(host=host, moving="all", kind=kind).values
            np.testing.assert_array_equal(curve(axes, kind).get_ydata(), expected)
    layer = str(study.moving.values[2])
    for host, axes in zip("ab", panels(figure, layer), strict=True):
        expected = study.loss_rise.sel(host=host, moving=layer, kind="training").values
        np.testing.assert_array_equal(curve(axes, "training").get_ydata(), expected)


@pytest.mark.parametrize("unit", ["distance", "absolute"])
def test_half_and_all_of_the_way_are_marked_where_they_are(unit):
    study = make_study(unit=unit)
    figure = subspace_panels(study)
    for moving in ("full network", str(study.moving.values[3])):
        label = "all" if moving == "full network" else moving
        distance = 1.0 if unit == "distance" else float(study.distance.sel(moving=label))
        marks = [line.get_xdata()[0] for line in panels(figure, moving)[0].lines if len(set(line.get_xdata())) == 1]
        np.testing.assert_allclose(marks, [0.5 * distance, distance])


def test_an_empty_null_space_and_the_rank_are_named_in_the_panel():
    study = make_study()
    figure = subspace_panels(study)
    last = panels(figure, str(study.moving.values[-1]))[0]
    other = panels(figure, str(study.moving.values[1]))[0]
    assert [text.get_text() for text in last.texts] == ["rank 21, no null space"]
    assert [text.get_text() for text in other.texts] == ["rank 21"]
    assert np.isnan(curve(last, "null").get_ydata()).all()


def test_of_many_layers_those_with_the_largest_rise_are_shown_and_the_rest_is_counted():
    study = make_study(30)
    shown = shown_layers(study)
    assert shown == [str(label) for label in study.moving.values[-24:]], "the made-up rises grow with depth"
    figure = subspace_panels(study)
    assert len(figure.axes) == 2 * 25
    assert f"{study.sizes['moving'] - 25} layers with smaller rises are not shown" in figure.get_supxlabel()
    assert len(shown_layers(make_study(21))) == 21


@pytest.mark.parametrize(("num_layers", "hosts"), [(9, ("a", "b")), (4, ("b",)), (0, ("a", "b"))])
def test_labels_do_not_overlap_and_stay_inside(num_layers, hosts):
    figure = subspace_panels(make_study(num_layers, hosts))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [axes.title.get_window_extent(renderer) for axes in figure.axes]
    for i, box in enumerate(boxes):
        assert box.x0 >= figure.bbox.x0 - 1
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_a_name_too_long_for_its_panel_keeps_its_end():
    study = make_study(9)
    names = ["all", *(f"transformer.h.{i}.attn.projection_of_keys" for i in range(study.sizes["moving"] - 1))]
    titles = [axes.get_title() for axes in subspace_panels(study.assign_coords(moving=names)).axes[1:]]
    assert titles[0] == "…" + names[1][-20:]
    assert all(len(title) <= 21 for title in titles if not title.startswith("full"))


def test_nothing_but_nan_infinity_and_zero_can_be_drawn():
    for value in (math.nan, math.inf, 0.0):
        study = make_study(1)
        for name in ("loss_rise", "loss_rise_low", "loss_rise_high"):
            study[name] = study[name] * 0 + value
        assert picture_bytes(subspace_panels(study), "svg")
        assert noise_sentence(study)
        assert noise_rows(study).rows


def test_the_sentence_names_the_factor_that_the_numbers_have():
    text = noise_sentence(make_study())
    assert "Half way to the other network" in text
    assert text.count("averaging costs 10 times as much as null-space noise") == 2
    assert "the loss of a by 0.50 (0.49 to 0.51)" in text
    assert "6 of 8 times more than null-space noise" in text
    assert "2 times without a null space or a distance" in text
    less = noise_sentence(make_study(heights=HEIGHTS | {"averaging": 0.8, "null": 3.2}))
    assert "averaging costs 4 times less than null-space noise" in less
    assert "0 of 8 times more than null-space noise of equal length, 6 times less" in less


def test_the_sentence_claims_no_factor_where_the_intervals_hold_none():
    text = noise_sentence(make_study(half_width=0.3))
    assert text.count("no factor between averaging and null-space noise can be told") == 2
    assert "6 times with intervals that meet" in noise_sentence(make_study(half_width=0.6))


def test_the_sentence_says_how_far_it_looked_and_when_there_is_no_way():
    study = make_study(unit="absolute")
    assert half_way_sigma(study, "all") == 2
    assert "At 0.25 of the way" in noise_sentence(study.isel(sigma=[0, 1]))
    study["distance"] = study["distance"] * 0
    assert half_way_sigma(study, "all") is None
    assert "no way between them" in noise_sentence(study)


def test_the_table_holds_every_group_and_host_with_its_spaces():
    study = make_study()
    table = noise_rows(study)
    assert len(table.rows) == 2 * 5
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["Layer"].text, row["Host"].text, row["Rank"].text, row["Null dimension"].text) == (
        "full network", "a", "21", "1000",
    )  # fmt: skip
    averaging, training = row["Rise, averaging"], row["Rise, training"]
    assert row["sigma / |d|"].text == "0.5"
    assert (averaging.text, averaging.faint, averaging.stored) == ("0.50", "[0.49, 0.51]", "0.5")
    spread = float(study.loss_rise_spread.sel(host="a", moving="all", kind="training", sigma=0.5))
    assert training.faint == f"[1.990, 2.010] ±{spread:.3f}"
    last = dict(zip(table.columns, table.rows[-1], strict=True))
    assert last["Rise, null"].text == "NaN"


def test_the_study_is_known_to_the_report():
    assert study_report(make_study()).figure is subspace_panels
