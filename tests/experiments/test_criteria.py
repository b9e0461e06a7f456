"""Criteria and what follows from them."""

from statistics import NormalDist

import numpy as np
import pytest
from pydantic import ValidationError

from isthmus.experiments.evidence.criterion import (
    Answer,
    Criterion,
    StatedCriterion,
    Verdict,
    criteria_of,
    verdict_of,
)
from isthmus.experiments.evidence.located import Located, largest, smallest
from isthmus.experiments.reproduction.record import NOT_MEANT, Reproduction, load_reproduction
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import UNKNOWN, Estimate


def at_least(words, found, number, unit=""):
    return StatedCriterion(words=words, at_least=number, unit=unit).criterion(found)


def at_most(words, found, number):
    return StatedCriterion(words=words, at_most=number).criterion(found)


def criteria(*outcomes):
    """Essential criteria for True, False and None; the text "aside" before one makes it not essential."""
    found = []
    for outcome in outcomes:
        met, essential = outcome if isinstance(outcome, tuple) else (outcome, True)
        found.append(Criterion("x", "at least 1", "2", met, essential))
    return found


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((True, True), Verdict.CONFIRMED),
        ((True, (True, False)), Verdict.CONFIRMED),
        ((True, None), Verdict.PARTLY),
        ((True, (False, False)), Verdict.PARTLY),
        ((True, (None, False)), Verdict.PARTLY),
        ((True, False), Verdict.NOT),
        ((False, None), Verdict.NOT),
    ],
)
def test_the_verdict_follows_from_essential_and_other_criteria(outcomes, verdict):
    assert verdict_of(criteria(*outcomes)) == verdict


@pytest.mark.parametrize(
    ("low", "high", "least", "most"),
    [(1.5, 2, "met", "not met"), (0.5, 2, "undecided", "undecided"), (0, 0.9, "not met", "met")],
)
def test_an_interval_across_the_threshold_leaves_it_undecided(low, high, least, most):
    estimate = Located(Estimate((low + high) / 2, low, high))
    assert at_least("x", estimate, 1.0).outcome == least
    assert at_most("x", estimate, 1.0).outcome == most


def test_an_exact_number_on_the_threshold_meets_both():
    exact = Located(Estimate.exact(0))
    assert (at_least("x", exact, 0).met, at_most("x", exact, 0).met) == (True, True)


def test_a_number_that_is_nan_meets_nothing():
    undefined, one = Located(UNKNOWN, "pair a1-b1"), Located(Estimate.exact(1))
    for found in (undefined, largest([one, undefined]), smallest([undefined, one])):
        assert found.where == "pair a1-b1"
        assert (at_least("x", found, 0).met, at_most("x", found, 0).met) == (False, False)
        assert "NaN" in at_least("x", found, 0).seen.replace("nan", "NaN")


def test_the_interval_of_an_extreme_reaches_over_all_intervals():
    found = [Located(Estimate(1, 0, 2), "x"), Located(Estimate(0.5, -3, 4), "y")]
    most, least = largest(found), smallest(found)
    assert (most.estimate.value, most.estimate.high, most.where) == (1, 4, "x")
    assert (least.estimate.value, least.estimate.low, least.where) == (0.5, -3, "y")
    assert most.estimate.low == pytest.approx(1 - NormalDist().inv_cdf(0.5 + 0.95**0.5 / 2) / 1.959964)
    assert least.estimate.high == pytest.approx(2 - most.estimate.low)


def cuts_of_equal_barriers(random):
    """Midpoints of 42 cuts whose barriers are all 0.1, on 400 examples."""
    differences = 0.1 + random.standard_normal((42, 400))
    middle, half = differences.mean(axis=1), 1.966 * differences.std(axis=1, ddof=1) / 20
    return [Located(Estimate(m, m - h, m + h)) for m, h in zip(middle.tolist(), half.tolist(), strict=True)]


def test_the_interval_of_an_extreme_covers_it_and_chance_alone_breaks_no_criterion():
    """42 equal cuts: with the largest of their own lower ends 34 of 100 intervals covered, and 66 missed "at most"."""
    random, runs = np.random.default_rng(0), 300
    covered = broken = 0
    for _ in range(runs):
        most, least = largest(found := cuts_of_equal_barriers(random)), smallest(found)
        covered += all(one.estimate.low <= 0.1 <= one.estimate.high for one in (most, least))
        broken += at_most("x", most, 0.1).met is False or at_least("x", least, 0.1).met is False
    assert covered / runs >= 0.92  # both at once
    assert broken / runs <= 0.08
    assert max(one.estimate.low for one in cuts_of_equal_barriers(random)) > 0.1


def test_a_layer_that_is_truly_above_breaks_the_criterion():
    cuts = [Located(Estimate(0.5, 0.4, 0.6)), *[Located(Estimate(0.0, -0.1, 0.1))] * 41]
    assert at_most("x", largest(cuts), 0.1).met is False


def test_criteria_name_threshold_figure_and_interval():
    found = at_least("full barrier", Located(Estimate(0.871, 0.82, 0.92), "pair a1-b1"), 0.3, "nats")
    assert (found.threshold, found.seen) == ("at least 0.3 nats", "0.87 (0.82 to 0.92) nats, pair a1-b1")


def test_a_criterion_has_one_condition_and_no_other_fields():
    for fields in ({}, {"at_least": 1, "at_most": 2}, {"at_most": 2, "has_to_be": "small"}, {"at_most": 2, "low": 1}):
        with pytest.raises(ValidationError):
            StatedCriterion(words="x", **fields)


def test_a_condition_in_words_takes_an_answer_and_a_number_takes_an_estimate():
    stated = StatedCriterion(words="the\ncup", has_to_be="full", essential=False)
    assert stated.criterion(Answer("half full", None), of="here") == Criterion(
        "here: the cup", "full", "half full", None, essential=False
    )
    with pytest.raises(AssertionError, match="no number: the cup"):
        stated.criterion(Located(Estimate.exact(1)))
    with pytest.raises(AssertionError, match="a number has to be found"):
        StatedCriterion(words="x", at_most=1).criterion(Answer("half full", None))


def test_all_that_is_stated_is_judged_of_each_thing_and_nothing_else():
    stated = {"x": StatedCriterion(words="x", at_most=1), "y": StatedCriterion(words="y", at_least=1)}
    zero = Located(Estimate.exact(0))
    both = {"y": zero, "x": zero}
    found = criteria_of(stated, {"one": both, "two": both})
    assert [criterion.statement for criterion in found] == ["one: x", "one: y", "two: x", "two: y"]
    assert [criterion.met for criterion in found] == [True, False] * 2
    for other in ({"x": zero}, both | {"z": zero}):
        with pytest.raises(AssertionError, match=r"alone: \['[yz]'\]"):
            criteria_of(stated, {"one": both, "two": other})


def test_scale_smoke_never_shows_a_verdict(tmp_path):
    found = Reproduction("fig1", Scale.SMOKE, Verdict.CONFIRMED, tuple(criteria(True, None)), 2, {"training": 1.5}, "x")
    assert found.verdict_text == NOT_MEANT
    assert Reproduction("fig1", Scale.SMALL, Verdict.CONFIRMED).verdict_text == "confirmed"
    assert Reproduction("fig1", Scale.SMOKE).verdict_text == "not finished"
    found.save(tmp_path)
    assert load_reproduction(tmp_path) == found
