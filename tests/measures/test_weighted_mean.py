"""Quantiles of means under random weights: the saddle point beside closed forms and draws, and what it covers."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from isthmus.measures.intervals.interval import bounded_mean_band, critical_value
from isthmus.measures.intervals.weighted_mean import NUM_DRAWN_VALUES, saddle_point_quantile, weighted_mean_quantile

RUNS = 400
TWO_SIGMA_BELOW = 0.95 - 2 * np.sqrt(0.95 * 0.05 / RUNS)


@pytest.mark.parametrize(("ones", "zeros"), [(1, 30), (1, 1000), (5, 100), (50, 400), (30, 1)])
@pytest.mark.parametrize("probability", [0.975, 0.999])
def test_of_two_values_the_saddle_point_finds_the_beta_quantile(ones, zeros, probability):
    found = saddle_point_quantile([0.0, 1.0], [zeros, ones], probability)
    mean = ones / (ones + zeros)
    assert found - mean == pytest.approx(stats.beta.ppf(probability, ones, zeros) - mean, rel=0.01)


def test_scaling_and_shifting_the_values_scales_and_shifts_the_quantile():
    values, counts = np.linspace(-0.3, 0.5, 40), np.arange(1, 41)
    found = saddle_point_quantile(values.tolist(), counts.tolist(), 0.975)
    moved = saddle_point_quantile((3 * values - 7).tolist(), counts.tolist(), 0.975)
    assert moved == pytest.approx(3 * found - 7, abs=1e-9)


def test_of_many_values_it_agrees_with_draws():
    random = np.random.default_rng(3)
    for n in (60, 400):
        values = np.sort(np.append(random.normal(0, 0.05, n), 1.0))
        assert len(values) > NUM_DRAWN_VALUES
        found = weighted_mean_quantile(tuple(values), (1,) * len(values), 0.975)
        weights = random.standard_exponential((40_000, len(values)))
        drawn = np.quantile(weights @ values / weights.sum(axis=1), 0.975)
        assert found - values.mean() == pytest.approx(drawn - values.mean(), rel=0.03)


def test_quantiles_of_many_values_that_are_kept_take_little_memory():
    random = np.random.default_rng(7)
    tracemalloc.start()
    try:
        for _ in range(600):  # an entry takes 32 kB
            weighted_mean_quantile(tuple(np.sort(random.normal(0, 1, 500)).tolist()), (1,) * 500, 0.975)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 8e6


@pytest.mark.parametrize(("n", "concentration"), [(40, 20.0), (200, 0.5)])
def test_intervals_of_fractions_of_tokens_cover(n, concentration):
    """Excess of a window: the fraction of wrong tokens minus the mean of two networks' fractions, 64 tokens each."""
    random, hits = np.random.default_rng(5), 0
    for _ in range(RUNS):
        rates = random.beta(concentration, concentration, n)
        blend, a, b = random.binomial(64, rates, (3, n)) / 64
        differences = (blend - (a + b) / 2)[None]
        low, high = bounded_mean_band(differences, critical_value(differences))
        hits += low[0] <= 0.0 <= high[0]
    assert hits / RUNS >= TWO_SIGMA_BELOW


def test_fractions_that_all_agree_still_leave_a_margin_and_stay_within_their_range():
    low, high = bounded_mean_band(np.zeros((1, 50)), 2.0)
    assert -1 < low[0] < 0 < high[0] < 1
