"""Intervals: closed forms, laws, and the coverage that they claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isthmus.measures.intervals.interval import (
    bounded_mean_band,
    critical_value,
    mean_band,
)

RUNS = 2000
TWO_SIGMA_BELOW = 0.95 - 2 * (0.95 * 0.05 / RUNS) ** 0.5  # what 2,000 runs of a 95 % interval may show


def test_one_row_without_skewness_has_students_interval():
    half = np.random.default_rng(0).standard_normal((1, 6))
    differences = np.concatenate([half, -half], axis=1)
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


@pytest.mark.parametrize(
    ("sigma", "n", "students", "ours"), [(1.0, 64, 0.91, 0.94), (1.5, 256, 0.90, 0.93), (1.5, 1024, 0.93, 0.94)]
)
def test_intervals_of_skewed_losses_cover_what_students_do_not(sigma, n, students, ours):
    """Lognormal differences: at sigma 1.5 and n = 256 Student's interval covers 89 %, this one 94 %."""
    differences = np.random.default_rng(7).lognormal(0, sigma, (4000, n))
    truth, critical = np.exp(sigma**2 / 2), float(stats.t.ppf(0.975, n - 1))
    low, high = mean_band(differences, critical)
    assert np.mean(np.abs(differences.mean(axis=1) - truth) <= critical * stats.sem(differences, axis=1)) < students
    assert np.mean((low <= truth) & (truth <= high)) >= ours


def test_the_arms_of_a_skewed_interval_are_halls():
    """Turning the end back by Hall's transformation gives c exactly, on the side of the tail."""
    differences = np.random.default_rng(0).gamma(0.2, size=(1, 100))
    n, mean, error = 100, differences.mean(), differences.std() / np.sqrt(99)
    k = stats.skew(differences[0]) / np.sqrt(n)
    low, high = mean_band(differences, 2.0)
    t = (mean - high[0]) / error
    assert t + k * t**2 / 3 + k**2 * t**3 / 27 + k / 6 == pytest.approx(-2.0)
    assert (mean - low[0]) / error == pytest.approx(2.0)
    turned_low, turned_high = mean_band(-differences, 2.0)
    np.testing.assert_allclose([turned_low, turned_high], [-high, -low])


def test_the_arms_meet_students_where_skewness_goes_to_zero():
    random = np.random.default_rng(0)
    for bend in (3e-3, 3e-5):
        row = random.standard_normal((1, 4000))
        row = row + bend * row**2
        low, high = mean_band(row, 1.96)
        half = 1.96 * stats.sem(row[0])
        np.testing.assert_allclose([low[0], high[0]], [row.mean() - half, row.mean() + half], atol=0.02 * half)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
def test_a_band_over_independent_rows_covers_with_few_examples(n):
    """Eleven independent rows: with one error common to all of them, n = 5 covered 88 %."""
    random = np.random.default_rng(3)
    runs, hits = 400, 0
    for _ in range(runs):
        differences = random.standard_normal((11, n))
        low, high = mean_band(differences, critical_value(differences))
        hits += bool(((low <= 0) & (high >= 0)).all())
    assert hits / runs >= 0.95 - 2 * (0.95 * 0.05 / runs) ** 0.5


def test_pairing_on_examples_shrinks_the_interval():
    random = np.random.default_rng(0)
    host = random.lognormal(0, 1, 500)
    blend = host + 0.05 * random.standard_normal(500)
    low, high = mean_band((blend - host)[None], 1.96)
    unpaired = 1.96 * np.sqrt(blend.var(ddof=1) / 500 + host.var(ddof=1) / 500)
    assert (high - low)[0] / 2 < unpaired / 4


SAMPLES = st.lists(st.floats(-8, 8, width=16), min_size=2, max_size=12)


def band_of(sample):
    differences = np.array([sample])
    low, high = mean_band(differences, critical_value(differences))
    return np.array([low[0], high[0]])


@given(SAMPLES)
def test_the_band_holds_students_interval_and_so_its_mean(sample):
    low, high = band_of(sample)
    mean, error = np.mean(sample), np.std(sample, ddof=1) / len(sample) ** 0.5
    arm = stats.t.ppf(0.975, len(sample) - 1) * error
    assert low <= mean - arm + 1e-12
    assert high >= mean + arm - 1e-12


@given(SAMPLES, st.integers(-6, 6))
def test_the_band_of_a_sample_in_another_unit_is_the_band_in_that_unit(sample, power):
    scale = 2.0**power  # no rounding: equal to the last place but one
    np.testing.assert_allclose(band_of(scale * np.array(sample)), scale * band_of(sample), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(band_of(-np.array(sample)), -band_of(sample)[::-1], rtol=1e-12)


@given(SAMPLES, st.integers(-16, 16), st.data())
def test_a_shift_shifts_the_band_and_the_order_of_the_examples_does_not_matter(sample, shift, data):
    # The cube root is steep about 0, so that rounding of 1e-16 can become 1e-5 of a standard error.
    tolerance = {"rtol": 0, "atol": 1e-4 * float(np.std(sample)) + 1e-12}
    np.testing.assert_allclose(band_of(np.array(sample) + shift), band_of(sample) + shift, **tolerance)
    np.testing.assert_allclose(band_of(data.draw(st.permutations(sample))), band_of(sample), **tolerance)


@settings(max_examples=20)
@given(st.lists(st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0]), min_size=1, max_size=8))
def test_the_band_of_bounded_differences_holds_the_mean_within_their_range(sample):
    differences = np.array([sample])
    low, high = bounded_mean_band(differences, critical_value(differences))
    assert -1 <= low[0] < np.mean(sample) + 1e-12
    assert 1 >= high[0] > np.mean(sample) - 1e-12
    turned = bounded_mean_band(-differences[:, ::-1], critical_value(differences))
    np.testing.assert_array_equal([turned[0], turned[1]], [-high, -low])
