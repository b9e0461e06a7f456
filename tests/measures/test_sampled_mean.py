"""Means of a finite data set: variances against repeated samples, and the allowance for an unseen tail."""

import numpy as np
import pytest

from isthmus.measures.intervals import sampled_mean
from isthmus.measures.intervals.sampled_mean import Further, reach, shift_of, spread
from isthmus.measures.intervals.sampled_mean import sampled_mean as mean_of

N = 300
random = np.random.default_rng(0)
OFFSET = random.gamma(1.0, size=N)
RISES = np.stack([random.standard_normal(N) - 0.5 * OFFSET, random.gamma(0.5, size=N)])
VALUES = RISES + OFFSET
NONE_KNOWN = np.zeros(2, dtype=bool)


def two_samples(n, m, order):
    rises, values, offset = RISES[:, order], VALUES[:, order], OFFSET[order]
    of_rise, of_one = (spread(sample[:, :n], 0.0, NONE_KNOWN) for sample in (rises, values))
    return mean_of(values[:, :n], of_one, N, Further(m, shift_of(np.tile(offset[:m], (2, 1)), n), of_rise))


@pytest.mark.parametrize("m", [60, 150, N])
def test_the_covariance_is_that_of_repeated_samples(m, monkeypatch):
    monkeypatch.setattr(sampled_mean, "TAIL_REACH", 0.0)
    found = [two_samples(60, m, random.permutation(N)) for _ in range(2000)]
    estimates = np.array([one.mean for one in found])
    claimed = np.mean([one.covariance for one in found], axis=0)
    np.testing.assert_allclose(claimed, np.cov(estimates.T), rtol=0.15, atol=0.1 * claimed.diagonal().min())
    np.testing.assert_allclose(estimates.mean(axis=0), VALUES.mean(axis=1), atol=5 * (claimed[0, 0] / 2000) ** 0.5)


def test_with_one_sample_the_mean_is_the_plain_one_and_with_all_nothing_is_uncertain():
    order = random.permutation(N)
    plain = mean_of(VALUES[:, order[:60]], spread(VALUES[:, order[:60]], 0.0, NONE_KNOWN), N)
    np.testing.assert_array_equal(two_samples(60, 60, order).mean, plain.mean)
    np.testing.assert_allclose(two_samples(60, 60, order).covariance, plain.covariance, rtol=1e-12)
    assert (two_samples(N, N, order).covariance == 0).all()


def test_complete_networks_known_on_all_examples_leave_the_uncertainty_of_the_rise():
    order = random.permutation(N)
    rise = mean_of(RISES[:, order[:60]], spread(RISES[:, order[:60]], 0.0, NONE_KNOWN), N)
    found = two_samples(60, N, order)
    np.testing.assert_allclose(found.covariance, rise.covariance, rtol=1e-12)
    np.testing.assert_allclose(found.mean, rise.mean + OFFSET.mean(), rtol=1e-12)


def test_the_variance_is_that_of_a_sample_with_one_more_example_three_times_as_far_off():
    values = np.array([[0.0] * 99 + [1.0]])
    farthest = 0.99
    for usual, tail in ((0.0, 3 * farthest), (farthest / 2, 3 * farthest), (5.0, 15.0)):
        assert spread(values, usual, np.array([False]))[0, 0] == pytest.approx(values.var(ddof=1) + tail**2 / 100)
    assert reach(values) == pytest.approx(farthest)


def test_rows_known_to_be_zero_have_no_variance_and_others_do_though_no_example_differs():
    found = spread(np.zeros((2, 50)), 0.2, np.array([True, False]))
    assert found[0, 0] == 0
    assert found[1, 1] == pytest.approx(0.6**2 / 50)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_have_no_interval(value):
    values = VALUES[:, :20].copy()
    values[0, 3] = value
    assert np.isnan(reach(values))
    found = mean_of(values, spread(values, 0.0, NONE_KNOWN), N)
    assert np.isnan(found.errors).all()
    assert found.mean[1] == VALUES[1, :20].mean()
    np.testing.assert_equal(found.mean[0], value)
