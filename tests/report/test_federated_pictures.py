"""What the pictures of a federated training must show."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from drawn import texts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from isthmus.measures.estimate import Estimate
from isthmus.report.federated.accuracy import accuracy, accuracy_words, gain_words, percent_cell
from isthmus.report.federated.clients import SPREAD, ClientDots, apart, clients_figure
from isthmus.report.federated.over_rounds import rounds_figure
from isthmus.report.federated.round_map import SHARE_SCALE, barrier_scale, map_figure
from isthmus.report.style import picture_bytes

RULES = ("all", "none", "body", "barrier threshold=0.05", "head")


def curves(half: float) -> Mapping[str, Mapping[int, Estimate]]:
    return {
        rule: {number: Estimate(e := 0.9 / number - 0.02 * i, e - half, e + half) for number in (1, 2, 4)}
        for i, rule in enumerate(RULES)
    }


def layer_map() -> pd.DataFrame:
    return pd.DataFrame(
        [[0.01, 0.3, math.nan], [0.0, 0.04, 9.0]], index=["conv1", "layer1.0.<norm>"], columns=[1, 3, 5]
    )


def every_figure() -> dict[str, Figure]:
    dots = {rule: ClientDots([0.1, 0.1, 0.5], [0.2, 0.2, 0.25], 0.5, 0.25) for rule in RULES}
    return {
        "rounds": rounds_figure(curves(0.05), ("all", "none"), "own test part"),
        "clients": clients_figure(dots),
        "barriers": map_figure(layer_map(), barrier_scale(layer_map(), 0.05), "barrier"),
        "by rule": map_figure(layer_map().fillna(1), SHARE_SCALE, "Mean over rounds", axis=""),
    }


def test_no_label_is_cut_and_the_same_numbers_give_the_same_bytes() -> None:
    again = every_figure()
    for name, figure in every_figure().items():
        assert picture_bytes(figure, "svg") == picture_bytes(again[name], "svg"), name
        box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())  # of all that is drawn, in inches
        width, height = figure.get_size_inches()
        assert box.x0 >= -0.01, name
        assert box.y0 >= -0.01, name
        assert box.x1 <= width + 0.01, name
        assert box.y1 <= height + 0.01, name


def test_rules_have_a_panel_each_with_the_two_references_in_it() -> None:
    figure = rounds_figure(curves(0.05), ("all", "none"), "own test part")
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["body", "barrier threshold=0.05", "head"]
    assert [len(axes.lines) for axes in panels] == [3, 3, 3]
    assert panels[0].lines[2].get_ydata() == pytest.approx([100 * (1 - 0.9 / n + 0.04) for n in (1, 2, 4)])
    assert [len(axes.collections) for axes in panels] == [1, 1, 1]
    (alone,) = rounds_figure({rule: curves(0.05)[rule] for rule in ("all", "none")}, ("all", "none"), "own").axes
    assert (alone.get_title(), len(alone.lines), len(alone.collections)) == ("", 2, 2)


def test_one_seed_has_no_band_and_no_interval_in_words() -> None:
    figure = rounds_figure(curves(math.inf), ("all", "none"), "own test part")
    assert "95 % over seeds" not in texts(picture_bytes(figure, "svg"))
    lone = Estimate(0.25, -math.inf, math.inf)
    assert (accuracy_words(lone), gain_words(lone)) == ("75.0 %", "−25.0 points")
    assert percent_cell(accuracy(lone)).faint == ""


def test_accuracy_is_one_less_the_error_rate_and_a_gain_is_a_fall_of_it() -> None:
    error = Estimate(0.159, 0.138, 0.18)
    assert accuracy_words(error) == "84.1 % (82.0 to 86.2)"
    assert gain_words(Estimate(-0.021, -0.037, -0.005)) == "2.1 points (0.5 to 3.7)"
    assert accuracy_words(Estimate(0.03, -0.02, 0.08)) == "97.0 % (92.0 to 100.0)"


def test_every_client_is_a_dot_and_near_ones_do_not_cover_one_another() -> None:
    axes = clients_figure({"all": ClientDots([0.1, 0.1, 0.5], [0.2] * 40, 0.5, 0.2)}).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [3, 40]
    assert len({round(float(y), 6) for y in dots[1].get_ydata()}) == 40
    assert np.abs(apart(np.zeros(40))).max() <= SPREAD + 1e-12


def test_cells_above_the_threshold_are_marked_and_undefined_ones_hatched() -> None:
    figure = map_figure(layer_map(), barrier_scale(layer_map(), 0.05), "barrier")
    axes = figure.axes[0]
    marks = [tuple(place) for group in axes.collections[1:] for place in group.get_offsets().tolist()]
    assert sorted(marks) == [(1.0, 0.0), (2.0, 1.0)]
    assert [(patch.get_x(), patch.get_y()) for patch in axes.patches] == [(1.5, -0.5)]
    said = texts(picture_bytes(figure, "svg"))
    assert {"conv1", "layer1.0.<norm>", "1", "5", "−0.5", "0.5"} <= set(said)
    assert any("threshold of 0.05 nats" in text for text in said)
    assert barrier_scale(layer_map(), None).high == 9.0
