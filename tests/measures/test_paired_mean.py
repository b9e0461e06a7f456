"""The mean of paired differences."""

import numpy as np
import pytest
from scipy import stats

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.estimates import Estimates
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.results.variables import Number


def test_of_an_even_sample_the_interval_is_students():
    differences = np.linspace(-1.0, 3.0, 101)
    found = paired_mean(differences)
    half = stats.t.ppf(0.975, 100) * differences.std(ddof=1) / 101**0.5
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1.0 - half, 1.0 + half))
    assert found.trusted


def test_a_mean_that_two_examples_carry_is_not_trusted_unless_it_is_bounded():
    differences = np.array([0.0] * 98 + [1.0, 1.0])
    assert not paired_mean(differences).trusted
    bounded = paired_mean(differences, 1.0)
    assert bounded.trusted
    expected = stats.beta.ppf(0.975, 3, 98)  # of 100, two: Clopper and Pearson
    assert bounded.high == pytest.approx(expected)


def test_a_difference_that_is_no_number_leaves_nothing():
    assert paired_mean(np.array([np.inf, -np.inf])) is UNKNOWN


def test_arrays_hold_the_numbers_in_their_places_and_under_their_names():
    several = [Estimate(k, k - 1, k + 2) for k in range(6)]
    found = Estimates.of(several, (2, 3))
    named = Number("rise", ("host",), "1", "rise", "rise_low", "rise_high").values_of(found)
    assert list(named) == ["rise", "rise_low", "rise_high"]
    assert (named["rise"][1, 2], named["rise_low"][1, 2], named["rise_high"][1, 2]) == (5, 4, 7)
    assert found.value.tolist() == [[0, 1, 2], [3, 4, 5]]
