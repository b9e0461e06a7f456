"""Barriers from differences worked out by hand."""

import numpy as np
import pytest

from isthmus.measures.barrier import barrier_of
from isthmus.measures.baseline import baseline_values


def test_the_barrier_is_the_largest_excess_on_the_grid_ends_included():
    differences = np.array([[0.5, 0.7], [0.0, 0.2], [-1.0, 3.0]])
    barrier = barrier_of(differences, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(barrier.excess, [0.6, 0.1, 1.0])
    assert (barrier.estimate.value, barrier.alpha, barrier.at_end) == (1.0, 1.0, True)
    assert not barrier_of(differences[1:2], [0.5]).at_end


def test_the_interval_is_that_of_a_band_and_not_of_the_maximum_alone():
    random = np.random.default_rng(0)
    steady, wild = 0.5 + 0.01 * random.standard_normal(30), 0.4 + 5 * random.standard_normal(30)
    barrier = barrier_of(np.array([steady, wild]), [0.25, 0.5])
    alone = barrier_of(steady[None], [0.25])
    assert barrier.estimate.high > 1.0 > alone.estimate.high


@pytest.mark.parametrize("bad", [np.nan])
def test_nan_anywhere_makes_the_barrier_nan(bad):
    barrier = barrier_of(np.array([[1.0, 2.0], [bad, 0.0]]), [0.0, 0.5])
    assert np.isnan([barrier.estimate.value, barrier.estimate.low, barrier.estimate.high, barrier.alpha]).all()
    assert np.isnan(barrier.effective_examples)
    np.testing.assert_array_equal(barrier.excess, [1.5, np.nan])


def test_an_infinite_loss_is_an_infinite_barrier():
    assert barrier_of(np.array([[1.0, np.inf]]), [0.5]).estimate.value == np.inf


def test_the_baselines_are_their_formulas():
    host, donor, far = np.array([1.0]), np.array([3.0]), np.array([2.0])
    assert baseline_values("models", 0.25, host, donor, None) == 2.0
    assert baseline_values("chord", 0.25, host, donor, None) == 1.5
    assert baseline_values("cut", 0.25, host, donor, far) == 1.25
    assert baseline_values("host", 0.25, host, np.array([np.nan]), None) == 1.0  # whatever the other network does


def test_an_error_beyond_the_ends_keeps_its_interval_around_it():
    """The chord at alpha = 2 is -host + 2 donor, so that single differences reach -2."""
    host, donor, blend = np.zeros(20), np.ones(20), np.zeros(20)
    differences = (blend - baseline_values("chord", 2.0, host, donor, None))[None]
    barrier = barrier_of(differences, [2.0], "error")
    assert barrier.estimate.value == -2.0
    assert barrier.estimate.low == -2.0 < barrier.estimate.high < -1.0
