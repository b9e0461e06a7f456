"""The ratio of two means over the same examples."""

import numpy as np
import pytest

from isthmus.measures.estimate import UNKNOWN
from isthmus.measures.intervals.paired_ratio import paired_ratio


def draws(rng, n, noise):
    y = rng.exponential(1.0, n)
    return 0.3 * y + noise * rng.standard_normal(n), y


def test_the_interval_covers_the_ratio_as_often_as_it_claims():
    rng = np.random.default_rng(0)
    found = [paired_ratio(*draws(rng, 60, 0.2)) for _ in range(2000)]
    covered = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert 0.935 <= covered <= 0.965, covered


def test_what_both_have_in_common_does_not_widen_it():
    rng = np.random.default_rng(1)
    x, y = draws(rng, 400, 0.01)
    together, apart = paired_ratio(x, y), paired_ratio(rng.permutation(x), y)
    assert together.half_width < 0.1 * apart.half_width


def test_a_denominator_that_may_be_zero_leaves_the_ratio_open():
    found = paired_ratio(np.array([1.0, 1.0, 1.1]), np.array([-1.0, 1.0, 0.5]))
    assert found.value == pytest.approx(3.1 / 0.5)
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_nan_and_a_single_example_give_nan():
    assert paired_ratio(np.array([1.0, np.nan]), np.ones(2)) is UNKNOWN
    assert paired_ratio(np.ones(1), np.ones(1)) is UNKNOWN
