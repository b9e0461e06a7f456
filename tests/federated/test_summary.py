"""What a federated training is said to have given: against numbers worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from federated_tables import made_federation
from scipy import stats

from isthmus.federated.results.costs import left_out
from isthmus.federated.results.levels import by_round, comparison_of, level_of, per_client, worst_tenth
from isthmus.federated.results.summary import difference, summary_of
from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.student import student_mean

OF_SEED = {0: 0.10, 1: 0.20, 2: 0.60}
SCALE = {0: 1.0, 1: 3.0, 2: 2.0}


def rate(rule: str, seed: int, number: int, client: int, when: str, data: str) -> float | None:
    """Last round, own, after: OF_SEED + 0.01 client; `none` worse by 0.02 SCALE; before averaging worse by 0.05."""
    if when == "last":
        return None
    worse = 0.02 * SCALE[seed] * (rule == "none") + 0.05 * (when == "before") + 0.1 * (data == "global")
    return (OF_SEED[seed] + 0.01 * client + worse) / 2 ** (2 - number)


def by_hand(values: list[float]) -> tuple[float, float, float]:
    n = len(values)
    mean = sum(values) / n
    s = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    half = {2: 12.706204736, 3: 4.302652730}[n] * s / math.sqrt(n)
    return mean, mean - half, mean + half


def ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def test_the_mean_goes_over_clients_then_over_seeds_with_students_interval() -> None:
    found = summary_of(made_federation(rate)).of("all")
    assert ends(found.own.mean) == pytest.approx(by_hand([0.115, 0.215, 0.615]), abs=1e-9)
    assert found.own.std == pytest.approx(np.std([0.0, 0.01, 0.02, 0.03], ddof=1))
    assert (found.own.num_seeds, found.own.num_clients) == (3, 4)
    assert found.whole is not None
    assert found.own_before is not None
    assert found.whole.mean.value == pytest.approx(found.own.mean.value + 0.1)
    assert found.own_before.mean.value == pytest.approx(found.own.mean.value + 0.05)


def test_each_client_counts_once_however_many_examples_it_has() -> None:
    federation = made_federation(rate)
    outcomes = federation.outcomes.assign(num_examples=range(1, len(federation.outcomes) + 1))
    assert summary_of(replace(federation, outcomes=outcomes)) == summary_of(federation)


def test_the_worst_tenth_are_the_largest_error_rates_and_one_client_at_least() -> None:
    assert worst_tenth(np.array([0.3, 0.1, 0.9, 0.2])) == 0.9
    assert worst_tenth(np.arange(29) / 100) == pytest.approx((0.28 + 0.27) / 2)
    assert math.isnan(worst_tenth(np.array([0.1, math.nan])))
    found = summary_of(made_federation(rate)).of("all")
    assert ends(found.own.worst_tenth) == pytest.approx(by_hand([0.13, 0.23, 0.63]), abs=1e-9)


def test_rules_are_compared_within_seeds_and_clients() -> None:
    found = summary_of(made_federation(rate))
    gained = found.of("all").to_none
    assert gained is not None
    assert ends(gained.difference) == pytest.approx(by_hand([-0.02, -0.06, -0.04]), abs=1e-9)
    assert gained.difference.half_width < found.of("all").own.mean.half_width / 5
    assert (gained.num_better, gained.num_equal, gained.num_worse, gained.num_seeds) == (12, 0, 0, 3)
    lost = found.of("none").to_all
    assert lost is not None
    assert ends(lost.difference) == pytest.approx(ends(-gained.difference))
    assert (lost.num_better, lost.num_worse) == (0, 12)
    assert found.of("all").to_all is None
    assert found.of("none").to_none is None


def test_only_seeds_and_clients_that_both_have_are_compared() -> None:
    whole = per_client(made_federation(rate).outcomes, "all", 2)
    part = whole.drop([(1, 0), (1, 1), (1, 2), (1, 3), (2, 0)]) + 0.25
    found = comparison_of(part, whole)
    assert found is not None
    assert (found.num_seeds, found.num_pairs) == (2, 7)
    assert found.difference.value == pytest.approx(0.25)
    assert comparison_of(part.drop(0), whole.drop([1, 2])) is None


def test_a_constant_difference_has_an_interval_without_width() -> None:
    def constant(rule: str, seed: int, number: int, client: int, when: str, data: str) -> float | None:
        return None if when == "last" else seed / 8 + client / 16 + 0.25 * (rule == "none")  # exact in binary

    found = difference(made_federation(constant), "none", "all")
    assert found is not None
    assert found.difference == Estimate.exact(0.25)
    averaging = summary_of(made_federation(constant)).of("all").averaging
    assert averaging is not None
    assert averaging.difference == Estimate.exact(0.0)
    assert averaging.num_equal == 12
    assert student_mean(np.full(3, 0.1)) == Estimate.exact(0.1)  # whose mean, as floats go, is not 0.1


def test_the_order_of_rows_changes_no_bit() -> None:
    federation = made_federation(rate, rules=("all", "none", "barrier"))
    mixed = {
        name: getattr(federation, name).sample(frac=1, random_state=3) for name in ("outcomes", "traffic", "seconds")
    }
    assert summary_of(replace(federation, **mixed)) == summary_of(federation)


def test_the_last_round_is_reported_and_never_the_best() -> None:
    found = summary_of(made_federation(rate)).of("all").own.mean.value
    rounds = by_round(made_federation(rate).outcomes, "all")
    assert list(rounds) == [0, 1, 2]
    assert found == rounds[2].value == max(one.value for one in rounds.values())


def test_phases_after_the_last_round_are_the_end_of_the_rules_that_have_them() -> None:
    def tuned(rule: str, seed: int, number: int, client: int, when: str, data: str) -> float | None:
        if when == "last":
            return 0.01 if rule == "fedrep" and number == 2 else None
        return rate(rule, seed, number, client, when, data)

    found = summary_of(made_federation(tuned, rules=("all", "fedrep")))
    assert found.of("fedrep").own.mean == Estimate.exact(0.01)
    assert found.of("all") == summary_of(made_federation(rate, rules=("all",))).of("all")
    averaging = found.of("fedrep").averaging
    assert averaging is not None
    assert averaging.difference.value == pytest.approx(-0.05)


def test_one_seed_gives_no_interval_and_nan_no_number() -> None:
    found = summary_of(made_federation(rate, seeds=(1,))).of("all").own
    assert ends(found.mean) == (pytest.approx(0.215), -math.inf, math.inf)
    assert found.num_seeds == 1
    assert student_mean(np.array([0.1, math.nan])).is_nan
    assert level_of(per_client(made_federation(rate).outcomes, "all", 7)) is None


def test_students_interval_covers_95_of_100_means_of_normal_numbers() -> None:
    draws = np.random.default_rng(0).normal(1.0, 2.0, (400, 3))
    covered = [found.low <= 1.0 <= found.high for found in map(student_mean, draws)]
    assert stats.binomtest(sum(covered), len(covered), 0.95).pvalue > 0.01


def test_costs_are_sums_over_rounds_and_clients_and_means_over_seeds() -> None:
    federation = made_federation(rate, rules=("all", "none", "barrier"))
    cost = {found.rule: found.cost for found in summary_of(federation).rules}
    assert (cost["all"].bytes_up, cost["all"].bytes_down, cost["all"].bytes_measured) == (32000, 32000, 0)
    # Clients 0 to 3 send 1, 2, 1, 2 of four layers in the first round, 2, 3, 2, 3 in the second.
    assert (cost["barrier"].bytes_up, cost["barrier"].bytes_measured) == (16000, 32000)
    assert (cost["barrier"].bytes_share, cost["barrier"].seconds, cost["barrier"].seconds_share) == (0.5, 100, 0.15)
    assert math.isnan(cost["none"].bytes_share)
    always = replace(
        federation,
        traffic=federation.traffic.assign(bytes_measured=4000),
        seconds=federation.seconds.assign(measuring=15.0),
    )
    assert [found.cost for found in summary_of(always).rules] == list(cost.values())
    traffic = federation.traffic.copy()
    traffic.loc[3, "left_out"] = "NaN in fc"
    place = traffic.loc[3, ["rule", "seed", "round", "client"]].to_dict()
    assert left_out(replace(federation, traffic=traffic)).to_dict("records") == [{**place, "left_out": "NaN in fc"}]
