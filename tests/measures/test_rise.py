"""The rise over the host: paired by example, its two uncertainties apart."""

import numpy as np
from scipy import stats

from isthmus.measures.intervals.interval import mean_band
from isthmus.measures.rise import rise_over_host

RANDOM = np.random.default_rng(0)


def test_the_interval_is_that_of_paired_differences_of_the_mean_over_draws():
    host = RANDOM.lognormal(size=200)
    displaced = host + 0.1 + 0.01 * RANDOM.standard_normal((5, 200))
    rise = rise_over_host(displaced, host)
    differences = (displaced.mean(axis=0) - host)[None]
    reference = np.concatenate(mean_band(differences, stats.t.ppf(0.975, 199)))
    np.testing.assert_allclose([rise.estimate.low, rise.estimate.high], reference, rtol=1e-10)
    assert abs(rise.estimate.value - (displaced - host).mean()) < 1e-14
    unpaired = displaced[:, RANDOM.permutation(200)]
    assert rise_over_host(unpaired, host).estimate.high - rise.estimate.high > 0.05, "pairing is what makes it narrow"


def test_the_spread_is_over_draws_and_the_interval_is_not():
    host = np.zeros(50)
    draws = np.array([1.0, 2.0, 6.0])
    rise = rise_over_host(np.repeat(draws[:, None], 50, axis=1), host)
    assert rise.estimate.value == rise.estimate.low == rise.estimate.high == 3.0
    assert rise.spread == np.std(draws, ddof=1)
    assert np.isnan(rise_over_host(host[None], host).spread)


def test_what_is_not_finite_is_shown_as_such():
    host = np.array([1.0, 2.0])
    broken = rise_over_host(np.array([[1.0, np.nan]]), host)
    assert np.isnan([broken.estimate.value, broken.estimate.low, broken.estimate.high, broken.spread]).all()
    assert np.isnan(broken.effective_examples)
    assert rise_over_host(np.array([[1.0, np.inf]]), host).estimate.value == np.inf
    assert np.isnan(rise_over_host(np.array([[1.0, np.inf]]), np.array([1.0, np.inf])).estimate.value)
