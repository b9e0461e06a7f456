"""Intervals: closed forms, laws, and the coverage that they claim."""

import numpy as np
import pytest
from scipy import stats

from isthmus.measures.interval import (
    bounded_mean_band,
    critical_value,
    is_trusted,
    mean_band,
)

RUNS = 2000
TWO_SIGMA_BELOW = 0.95 - 2 * (0.95 * 0.05 / RUNS) ** 0.5  # what 2,000 runs of a 95 % interval may show


def test_one_row_uses_students_quantile():
    differences = np.random.default_rng(0).standard_normal((1, 12))
    low, high = mean_band(differences, critical_value(differences))
    expected = stats.ttest_1samp(differences[0], 0).confidence_interval()
    np.testing.assert_allclose([low[0], high[0]], expected)


def test_equal_rows_cost_nothing_and_independent_ones_what_sidak_says():
    row = np.random.default_rng(0).standard_normal((1, 400))
    single = critical_value(row)
    assert critical_value(np.repeat(row, 5, axis=0)) == pytest.approx(single, rel=0.02)
    independent = np.linalg.qr(np.random.default_rng(1).standard_normal((400, 6)))[0].T
    independent -= independent.mean(axis=1, keepdims=True)
    sidak = stats.t.isf((1 - 0.95 ** (1 / 6)) / 2, 399)
    assert critical_value(independent) == pytest.approx(sidak, rel=0.03)


def test_a_single_example_gives_an_infinite_interval():
    differences = np.array([[0.3]])
    assert critical_value(differences) == np.inf
    assert mean_band(differences, np.inf) == (-np.inf, np.inf)
    low, high = bounded_mean_band(differences, np.inf)
    assert low[0] < -0.9
    assert high[0] > 0.9


def test_nan_gives_nan_and_not_a_number():
    low, high = mean_band(np.array([[1.0, np.nan, 2.0]]), 2.0)
    assert np.isnan([low[0], high[0]]).all()


@pytest.mark.parametrize(("wrong", "n"), [(0, 50), (1, 50), (7, 200), (50, 50)])
def test_for_two_values_the_upper_end_is_that_of_clopper_and_pearson(wrong, n):
    differences = np.zeros((1, n))
    differences[0, :wrong] = 1.0
    _, high = bounded_mean_band(differences, critical_value(differences))
    expected = stats.binomtest(wrong, n).proportion_ci(0.95).high
    assert high[0] == pytest.approx(expected, abs=1e-9)


def test_no_changed_prediction_still_leaves_a_margin():
    low, high = bounded_mean_band(np.zeros((1, 100)), 1.98)
    assert high[0] == -low[0] == pytest.approx(1 - 0.025 ** (1 / 100), rel=0.05)


def test_the_bounded_interval_tends_to_the_usual_one():
    differences = np.random.default_rng(0).choice([-1.0, -0.5, 0.0, 0.5, 1.0], (1, 5000))
    critical = critical_value(differences)
    np.testing.assert_allclose(bounded_mean_band(differences, critical), mean_band(differences, critical), atol=2e-3)


def coverage(draw, band, truth):
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(RUNS):
        differences = draw(random)
        low, high = band(differences, critical_value(differences))
        hits += low.max() <= truth <= high.max()
    return hits / RUNS


@pytest.mark.parametrize(("flips", "n"), [(0.0, 60), (0.002, 300), (0.02, 100), (0.02, 500), (0.3, 40)])
def test_error_intervals_cover_at_any_rate_of_flips(flips, n):
    """Values of the baseline `models`: halves where the two networks disagree, ones where the blend flips both."""
    shares = [flips / 4, flips / 4, 1 - flips, flips / 4, flips / 4]
    values = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])

    def draw(random):
        return random.choice(values, (1, n), p=shares)

    assert coverage(draw, bounded_mean_band, truth=0.0) >= TWO_SIGMA_BELOW


def test_the_interval_of_a_maximum_over_alphas_covers_it():
    """Eleven correlated alphas; the true maximum is 0.3 at two of them."""
    alphas = np.linspace(0, 1, 11)
    means = 1.2 * alphas * (1 - alphas)

    def draw(random):
        slopes = random.standard_normal((2, 80))
        noise = np.outer(alphas, slopes[0]) + np.outer((1 - alphas), slopes[1])
        return means[:, None] + noise + 0.2 * random.standard_normal((11, 80))

    assert coverage(draw, mean_band, truth=means.max()) >= TWO_SIGMA_BELOW


def test_skewed_losses_are_called_untrusted_exactly_where_coverage_is_lost():
    """Lognormal differences: at a small n the interval misses too often and says so; at a large n it covers."""

    def draw_of(n, sigma):
        return lambda random: random.lognormal(0, sigma, (1, n))

    def share_trusted(n, sigma):
        random = np.random.default_rng(3)
        return np.mean([is_trusted(draw_of(n, sigma)(random)[0]) for _ in range(200)])

    assert coverage(draw_of(25, 1.5), mean_band, np.exp(1.5**2 / 2)) < 0.90
    assert share_trusted(25, 1.5) < 0.05
    assert coverage(draw_of(1000, 0.5), mean_band, np.exp(0.5**2 / 2)) >= 0.94
    assert share_trusted(1000, 0.5) > 0.95


def test_pairing_on_examples_shrinks_the_interval():
    random = np.random.default_rng(0)
    host = random.lognormal(0, 1, 500)
    blend = host + 0.05 * random.standard_normal(500)
    low, high = mean_band((blend - host)[None], 1.96)
    unpaired = 1.96 * np.sqrt(blend.var(ddof=1) / 500 + host.var(ddof=1) / 500)
    assert (high - low)[0] / 2 < unpaired / 4
