"""How many examples carry a mean: closed forms, and what the mark below 30 promises."""

import math

import numpy as np
import pytest

from isthmus.measures.intervals.effective_examples import FEW, effective_examples
from isthmus.measures.intervals.interval import critical_value, mean_band


@pytest.mark.parametrize("carriers", [2, 10, 60])
def test_examples_that_pull_equally_are_counted(carriers):
    differences = np.zeros(1000)
    differences[:carriers] = np.tile([3.0, -3.0], carriers // 2)
    assert effective_examples(differences) == pytest.approx(carriers)


@pytest.mark.parametrize(("draw", "share"), [("standard_normal", 2 / math.pi), ("standard_exponential", 4 / math.e**2)])
def test_of_light_tails_a_fixed_share_of_the_examples_carries_the_mean(draw, share):
    differences = getattr(np.random.default_rng(0), draw)(200_000)
    assert effective_examples(differences) / 200_000 == pytest.approx(share, rel=0.01)


def test_shift_and_unit_change_nothing():
    differences = np.random.default_rng(0).lognormal(0, 1, 500)
    assert effective_examples(3 - 7 * differences) == pytest.approx(effective_examples(differences))


def test_no_spread_shows_nothing_and_what_is_not_finite_is_not_counted():
    assert effective_examples(np.full(50, 0.1)) == 0
    assert effective_examples(np.array([2.0])) == 1
    assert math.isnan(effective_examples(np.array([1.0, math.inf])))
    assert math.isnan(effective_examples(np.array([1.0, math.nan])))


def softplus(random, n):
    """Losses of a network that knows its examples by heart: log(1 + e^z) of margins far below zero."""
    return np.logaddexp(0, random.normal(-8, 4, n))


CASES = {
    "normal": (lambda random, n: random.standard_normal(n), 0.0),
    "exponential": (lambda random, n: random.standard_exponential(n), 1.0),
    "lognormal(1.0)": (lambda random, n: random.lognormal(0, 1.0, n), math.exp(0.5)),
    "lognormal(1.5)": (lambda random, n: random.lognormal(0, 1.5, n), math.exp(1.125)),
    "memorised": (softplus, float(np.mean(softplus(np.random.default_rng(9), 4_000_000)))),
}


@pytest.mark.parametrize("n", [32, 64, 256, 1024])
@pytest.mark.parametrize("case", CASES)
def test_an_interval_without_the_mark_seldom_misses(case, n):
    """Unmarked and wrong in at most a tenth of the samples, whatever the tails (docs/intervals.md)."""
    draw, truth = CASES[case]
    random = np.random.default_rng(1)
    runs, wrong = 400, 0
    for _ in range(runs):
        differences = draw(random, n)
        low, high = mean_band(differences[None], critical_value(differences[None]))
        wrong += effective_examples(differences) >= FEW and not low[0] <= truth <= high[0]
    assert wrong / runs <= 0.10


def test_the_mark_is_up_where_the_tail_is_missed_and_down_where_examples_are_many():
    random = np.random.default_rng(2)
    marked = {n: np.mean([effective_examples(softplus(random, n)) < FEW for _ in range(200)]) for n in (64, 1024)}
    assert marked[64] > 0.95
    assert marked[1024] < 0.05
