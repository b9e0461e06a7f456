"""The stopping rule as a rule on numbers, and its coverage on real losses and on made ones with tails."""

from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from isthmus.measures.intervals import sampled_barrier, sampled_mean
from isthmus.measures.intervals.sampled_mean import sampled_mean as mean_of
from isthmus.measures.intervals.sampled_mean import spread
from isthmus.measures.intervals.sequential import AskedPrecision, Precision, first_look, looks

SPEC = spec_from_file_location("coverage_study", Path(__file__).parents[2] / "benchmarks" / "coverage.py")
study = module_from_spec(SPEC)
SPEC.loader.exec_module(study)

random = np.random.default_rng(0)
N = 4000


def means(values, n):
    sample = np.atleast_2d(values)[:, :n]
    return mean_of(sample, spread(sample, 0.0, np.zeros(len(sample), dtype=bool)), N)


@pytest.mark.parametrize("population", [1, 2, 400, 500, 900, 3000, 10_000, 50_000])
def test_looks_begin_where_two_in_a_thousand_are_missed_once_in_a_hundred_and_end_with_all(population):
    found = list(looks(population))
    group = int(np.ceil(0.002 * population))
    assert stats.hypergeom.pmf(0, population, group, found[0]) <= 0.01
    assert stats.hypergeom.pmf(0, population, group, max(found[0] - 32, 0)) > 0.01
    assert found[0] == first_look(population)
    assert found[-1] == population
    assert all(0 < after - before <= max(32, before / 8) for before, after in pairwise(found))


def test_a_cut_leaves_when_its_band_is_tight_enough_and_not_before():
    noise = random.standard_normal((3, N))
    for n in (200, 800):
        widest = Precision(1.0, N).half_widths(means(noise, n)).max()
        assert Precision(widest * 1.0001, N).is_met(means(noise, n))
        assert not Precision(widest * 0.9999, N).is_met(means(noise, n))


def test_the_band_over_several_alphas_is_wider_than_that_over_one():
    noise = random.standard_normal((11, N))
    one, all_alphas = (Precision(1.0, N).half_widths(means(rows, 500))[0] for rows in (noise[:1], noise))
    assert all_alphas > 1.3 * one


def test_a_value_that_is_not_finite_ends_the_search_and_so_do_all_examples():
    assert Precision(1e-9, N).is_met(means(np.append(np.nan, np.zeros(N)), 200))
    assert not Precision(1e-9, N).is_met(means(random.standard_normal(N), 200))
    assert Precision(1e-9, N).is_met(means(random.standard_normal(N), N))


def test_all_barriers_at_once_ask_for_wider_intervals():
    each, all_at_once = (AskedPrecision(0.1, simultaneous=flag).of_split(N, 44) for flag in (False, True))
    noise = means(random.standard_normal(N), 500)
    assert all_at_once.level == pytest.approx(0.95 ** (1 / 44))
    assert 1.5 < (all_at_once.half_widths(noise) / each.half_widths(noise))[0] < 1.8  # 3.26 / 1.96


def test_so_many_examples_as_are_needed_give_the_half_width():
    noise = random.standard_normal(N)
    needed = Precision(0.05, N, factor=1.0).num_needed(noise.var(ddof=1))
    assert 1.96 * ((1 / needed - 1 / N) * noise.var(ddof=1)) ** 0.5 == pytest.approx(0.05, rel=1e-3)
    assert Precision(0.05, N).num_needed(0.0) == 0


# Of a cut that is covered with 95 %, 100 runs hold fewer than 88 once in 250 times, 60 runs fewer than 52 once in 350,
# 30 runs fewer than 24 once in 300 and 20 runs fewer than 15 once in 3,000; these are covered with 96 to 100 %.
@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        ("2 in 1,000 by 30 nats", 0.05),
        ("2 in 1,000 by 30 nats, all else equal", 0.05),
        ("0.6 % of examples change", 0.01),
        ("lognormal(1.5)", 0.5),
    ],
)
def test_intervals_of_heavy_tails_cover_and_are_as_tight_as_asked(kind, precision):
    found = study.study(study.Population.made(kind), precision, runs=100)
    assert found["rise_worst"] >= 88
    assert found["barrier_worst"] >= 88
    assert found["empty"] == 0
    assert found["widest"] <= precision
    assert found["examples"] < 0.6 * found["N"]


def test_intervals_of_memorised_images_cover_for_every_layer():
    found = study.study(study.Population.memorised(), 0.01, runs=20)
    assert min(found["rise_worst"], found["barrier_worst"]) >= 75
    assert min(found["rise_all"], found["barrier_all"]) >= 97
    assert found["empty"] == 0
    assert found["widest"] <= 0.01


@pytest.mark.parametrize(
    ("pair", "num_alphas", "precision", "runs"), [("memo", 1, 0.2, 60), ("little", 1, 0.004, 60), ("memo", 11, 0.4, 30)]
)
def test_intervals_of_test_images_cover_for_losses_and_errors(pair, num_alphas, precision, runs):
    found = study.study(study.Population.of_test_images(pair, num_alphas), precision, runs)
    assert min(found[f"{name}_worst"] for name in ("rise", "barrier", "error")) >= (86 if runs == 60 else 80)
    assert found["widest"] <= precision


def test_the_study_notices_an_early_first_look_without_allowance_and_a_factor_that_is_too_small(monkeypatch):
    population = study.Population.made("normal")
    assert study.study(population, 0.036, runs=100, factor=0.6)["rise_worst"] < 88
    monkeypatch.setattr(study, "looks", lambda N: iter([128, *looks(N)]))
    monkeypatch.setattr(sampled_barrier, "first_look", lambda _: 128)
    monkeypatch.setattr(sampled_mean, "TAIL_REACH", 0.0)
    assert study.study(study.Population.made("2 in 1,000 by 30 nats"), 0.05, runs=40)["rise_worst"] < 50
    assert study.study(study.Population.made("0.6 % of examples change"), 0.01, runs=40)["rise_worst"] < 88
