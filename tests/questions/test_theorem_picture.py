"""The pictures of the theorem show the numbers that they are given."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from isthmus.questions.theorem.example import PATHS, DiagonalExample
from isthmus.questions.theorem.page import midpoint_rows
from isthmus.questions.theorem.picture import PATH_COLOURS, cuts_picture, diagonal_picture
from isthmus.questions.theorem.reading import cuts_reading, diagonal_reading
from isthmus.questions.theorem.study import loss_surface
from isthmus.report import style

ALPHAS = np.linspace(0, 1, 9)


def made_paths(example, error=0.0):
    places = np.array([example.position(path, ALPHAS) for path in PATHS])
    known = np.array([example.loss_along(path, ALPHAS) for path in PATHS])
    dims = ("path", "alpha")
    verdicts = np.array(["not convex", "convex", "convex"], dtype=object)
    return xr.Dataset(
        {"w1": (dims, places[:, 0]), "w2": (dims, places[:, 1]), "loss": (dims, known * (1 + error)),
         "closed_form": (dims, known), "convexity": ("path", verdicts)},
        {"path": list(PATHS), "alpha": ALPHAS},
        {"a": example.a, "b": example.b, "y": example.y, "ratio": example.ratio},
    )  # fmt: skip


def made_cuts(single, full):
    rows = [height * 4 * ALPHAS * (1 - ALPHAS) for height in (*single, *full)]
    moving = ["fc"] * len(single) + ["all"] * len(full)
    verdicts = ["convex" if height <= 0 else "not convex" for height in (*single, *full)]
    return xr.Dataset(
        {"relative_excess": (("cut", "alpha"), np.array(rows)),
         "convexity": ("cut", np.array(verdicts, dtype=object)),
         "midpoint_over_models": ("cut", np.linspace(1, -1, len(rows)))},
        {"alpha": ALPHAS, "moving": ("cut", np.array(moving, dtype=object))},
    )  # fmt: skip


def texts(svg):
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_marks_are_the_measured_losses_and_the_lines_the_closed_forms():
    example = DiagonalExample()
    figure = diagonal_picture(loss_surface(example), made_paths(example, error=0.5))
    by_colour = {}
    for line in figure.axes[1].lines:
        by_colour.setdefault(to_hex(line.get_color()), []).append(line)
    for path, colour in PATH_COLOURS.items():
        line, marks = by_colour[colour.lower()]
        known = example.loss_along(path, ALPHAS)
        np.testing.assert_array_equal(line.get_ydata(), known)
        np.testing.assert_array_equal(marks.get_ydata(), 1.5 * known[::4])
        assert line.get_linestyle() == "-"
        assert marks.get_linestyle() == "None"


def test_the_paths_on_the_surface_run_between_the_networks():
    example = DiagonalExample()
    figure = diagonal_picture(loss_surface(example), made_paths(example))
    ends = {
        to_hex(line.get_color()): (line.get_xdata()[0], line.get_ydata()[0], line.get_xdata()[-1], line.get_ydata()[-1])
        for line in figure.axes[0].lines
        if len(line.get_xdata()) == len(ALPHAS)
    }
    assert ends[PATH_COLOURS["both layers"].lower()] == (0.25, 4.0, 4.0, 0.25)
    assert ends[PATH_COLOURS["layer 2 into a"].lower()] == (0.25, 4.0, 0.25, 0.25)
    assert ends[PATH_COLOURS["layer 2 into b"].lower()] == (4.0, 0.25, 4.0, 4.0)


def test_a_path_that_leaves_the_axis_says_how_high_it_goes_and_one_that_stays_does_not():
    for example, leaves in ((DiagonalExample(), True), (DiagonalExample(2, 1), False)):
        figure = diagonal_picture(loss_surface(example), made_paths(example))
        shown = " ".join(texts(style.picture_bytes(figure, "svg")))
        assert ("to 225" in shown) is leaves
        top = figure.axes[1].get_ylim()[1]
        assert top >= max(float(example.loss_along(path, ALPHAS).max()) for path in list(PATHS)[:2])


def test_cuts_above_their_chord_have_another_colour_and_panels_count_their_rows():
    figure = cuts_picture(made_cuts([-0.2, -0.1, 0.3], [0.5, -0.2]))
    colours = [[to_hex(line.get_color()) for line in axes.lines[:-1]] for axes in figure.axes[:2]]
    low, high = (style.HOST_COLOURS[host].lower() for host in "ab")
    assert colours == [[low, low, high], [high, low]]
    assert [axes.get_title() for axes in figure.axes[:2]] == ["one layer moves: 3 cuts", "all layers move: 2 paths"]
    np.testing.assert_allclose(figure.axes[0].lines[2].get_ydata()[4], 0.3)


def test_the_readings_are_computed_from_the_numbers():
    said = cuts_reading(made_cuts([-0.2, -0.1, 0.3], [0.5, -0.2]))
    assert "2 of 3 cuts of one layer are convex, and 1 rise above their chord" in said
    assert re.search(r"Of the 2 paths of the full network 1 do, by up to 50 % .*median 25 %", said)
    assert "half-way, 2 of the 3 cuts" in said
    said = diagonal_reading(made_paths(DiagonalExample(), error=0.01))
    assert "both layers 12.48 (not convex); layer 2 into a 0.2219 (convex); layer 2 into b 56.81 (convex)" in said
    assert "56.2 times what layer 2" in said
    assert "at most 0.01 of the largest loss" in said
    assert "16 times less than what layer 2" in diagonal_reading(made_paths(DiagonalExample(2, 1)))


def test_the_table_sets_closed_form_and_measurement_side_by_side():
    row = midpoint_rows(made_paths(DiagonalExample(), error=-0.01))[0]
    assert row == {
        "path": "both layers",
        "closed form": "12.35961914",
        "measured": "12.23602295",
        "difference": "−1.2e−01",
        "verdict": "not convex",
    }


@pytest.mark.parametrize("ends", [(0.25, 4.0), (0.001, 1000.0), (1.0, 1.02), (5.0, 0.2)])
def test_every_example_can_be_drawn_and_twice_to_the_same_bytes(ends):
    example = DiagonalExample(*ends)
    surface, paths = loss_surface(example), made_paths(example)
    first, second = (style.picture_bytes(diagonal_picture(surface, paths), "svg") for _ in range(2))
    assert first == second
    assert {"both layers", "layer 2 into a", "layer 2 into b", "a", "b"} <= set(texts(first))
