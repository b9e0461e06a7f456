"""The picture and the sentence of random directions."""

import re

import numpy as np
import pytest
from cases import CASES

import isthmus
from isthmus.report.rows.robustness import decade_ticks, robustness_panels, robustness_pictures, robustness_sentence

CASE = next(case for case in CASES if case.name == "cnn")


@pytest.fixture(scope="module")
def result():
    return isthmus.measure(CASE.build, CASE.weights(0), CASE.weights(1), CASE.data(40), directions=2)


def test_every_layer_has_a_mark_half_a_step_and_a_whole_step_away_for_both_kinds(result):
    figure = robustness_panels(result)
    for host, axes in zip("ab", figure.axes, strict=True):
        drawn = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in {"o", "D"}]
        cells = result.sel(host=host, fraction=[0.5, 1.0])
        expected = [*cells.averaging_loss_rise.values.ravel(), *cells.random_loss_rise.values.ravel()]
        np.testing.assert_allclose(sorted(drawn), sorted(expected))
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()][:2] == ["full network", "conv1"]


def test_the_sentence_counts_what_the_intervals_decide(result):
    sentence = robustness_sentence(result)
    more, less, undecided = map(int, re.search(r"in (\d+), less in (\d+), undecided in (\d+)", sentence).groups())
    half = result.sel(fraction=0.5, moving=result["sweep"] == "single")
    assert more == int((half.averaging_loss_rise_low > half.random_loss_rise_high).sum())
    assert less == int((half.averaging_loss_rise_high < half.random_loss_rise_low).sum())
    assert more + less + undecided == half.averaging_loss_rise.size


def test_the_question_is_asked_of_measurements_with_directions_alone(result):
    assert [picture.stem for picture in robustness_pictures(result, None)] == ["loss_robustness", "error_robustness"]
    plain = isthmus.measure(CASE.build, CASE.weights(0), CASE.weights(1), CASE.data(40))
    assert not list(robustness_pictures(plain, None))


def test_ticks_near_zero_do_not_crowd():
    assert decade_ticks(-3.0, 300.0, 0.5) == [-1.0, 0.0, 1.0, 10.0, 100.0]
    assert decade_ticks(-0.1, 0.2, 0.5) == [0.0]
