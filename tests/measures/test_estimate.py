"""A number with its interval: extremes, quotients and digits."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.measures.estimate import (
    UNKNOWN,
    Estimate,
    difference,
    largest,
    number_text,
    percentage_points,
    ratio,
    smallest,
)

numbers = st.floats(-1e6, 1e6)
lengths = st.floats(0, 1e6)
estimates = st.builds(lambda value, down, up: Estimate(value, value - down, value + up), numbers, lengths, lengths)
positive = st.builds(
    lambda low, more, up: Estimate(low + more, low, low + more + up),
    st.floats(0.1, 10),
    st.floats(0, 10),
    st.floats(0, 10),
)
several = st.lists(estimates, min_size=1, max_size=8)


@given(several)
def test_the_largest_of_several_holds_each_value_inside_or_below(found):
    most = largest(found)
    assert most.value == max(one.value for one in found)
    assert most.low <= most.value
    assert most.high == max(one.high for one in found)


@given(several)
def test_the_smallest_is_the_largest_of_the_negatives(found):
    least = smallest(found)
    assert least.value == min(one.value for one in found)
    assert least.low == min(one.low for one in found)
    assert -least == largest([-one for one in found])


@given(estimates)
def test_one_estimate_is_its_own_extreme(one):
    assert largest([one]) == one
    assert smallest([one]) == one


@given(several, numbers)
def test_what_is_exact_and_small_adds_no_chance_to_the_largest(found, number):
    exact = Estimate.exact(min(number, largest(found).low, *(one.value for one in found)))
    assert largest([*found, exact]) == largest(found)


def test_nothing_is_the_extreme_of_numbers_of_which_one_is_undefined():
    for found in ([Estimate.exact(1), UNKNOWN], [UNKNOWN, Estimate.exact(1)]):
        assert largest(found).is_nan
        assert smallest(found).is_nan


def test_the_largest_keeps_the_unit_and_the_trust_of_its_number():
    trusted, other = Estimate(1, 0, 2, unit="nats"), Estimate(2, 1, 3, trusted=False, unit="nats")
    assert (largest([trusted, other]).trusted, smallest([trusted, other]).trusted) == (False, True)
    assert largest([trusted, other]).unit == "nats"


@given(estimates, st.integers(1, 1000))
def test_one_of_many_has_the_wider_interval_and_a_chosen_one_its_lower_end(one, count):
    among, chosen = one.among(count), one.chosen(count)
    slack = 1e-9 * (abs(one.low) + abs(one.high))
    assert among.low <= one.low + slack
    assert among.high >= one.high - slack
    assert (chosen.low, chosen.value, chosen.high) == (among.low, one.value, one.high)


def test_of_two_the_interval_is_that_of_both_at_once():
    wider = NormalDist().inv_cdf(0.5 + 0.95**0.5 / 2) / NormalDist().inv_cdf(0.975)
    assert Estimate(1, 0, 2).among(2).low == pytest.approx(1 - wider)
    assert largest([Estimate(1, 0, 2)] * 2).low == pytest.approx(1 - wider)


@given(estimates, positive)
def test_a_ratio_holds_the_quotient_of_any_two_numbers_inside(numerator, denominator):
    found = ratio(numerator, denominator)
    for n in (numerator.low, numerator.value, numerator.high):
        for d in (denominator.low, denominator.value, denominator.high):
            assert found.low * (1 - 1e-12 * np.sign(found.low)) - 1e-300 <= n / d
            assert n / d <= found.high * (1 + 1e-12 * np.sign(found.high)) + 1e-300
    assert ratio(numerator, Estimate.exact(1.0)) == numerator


def test_a_ratio_is_unbounded_where_its_denominator_may_be_zero():
    found = ratio(Estimate.exact(0.1), Estimate(1.0, -0.1, 2.0))
    assert (found.value, found.low, found.high) == (0.1, -math.inf, math.inf)
    assert ratio(Estimate.exact(0.1), Estimate.exact(0.0)).is_nan


@given(estimates, estimates)
def test_a_difference_is_undone_by_its_negative_and_is_as_wide_as_both(one, other):
    found = difference(one, other)
    assert -found == difference(other, one)
    assert found.high - found.low == pytest.approx((one.high - one.low) + (other.high - other.low), abs=1e-6)


def test_numbers_made_of_others_are_trusted_only_if_both_are():
    doubted = Estimate(1.0, 0.5, 2.0, trusted=False)
    for one, other, trusted in ((doubted, doubted, False), (doubted, -doubted, False), (-doubted, doubted, False)):
        assert difference(one, other).trusted == ratio(one, other).trusted == trusted
    assert not percentage_points(doubted).trusted
    assert difference(Estimate.exact(2), Estimate.exact(1)).trusted


@given(estimates)
def test_percentage_points_are_a_hundred_times_the_fraction_and_say_so(fraction):
    points = percentage_points(fraction)
    assert (points.value, points.low) == (100 * fraction.value, 100 * fraction.low)
    assert points.high == 100 * fraction.high
    assert points.unit == "percentage points"


@given(estimates)
def test_no_digit_is_shown_that_the_interval_does_not_support(one):
    digits = one.decimals
    assert 1 <= digits <= 4
    assert one.text == number_text(one.value, digits)
    assert abs(float(one.text.replace("−", "-")) - one.value) <= 0.5 * 10**-digits + 1e-9
    if one.half_width > 0 and 1 < digits < 4:
        assert 10**-digits <= one.half_width * (1 + 1e-9) < 10 ** (1 - digits) * (1 + 2e-9)


@given(estimates)
def test_both_ways_to_write_an_interval_have_the_same_ends(one):
    assert one.interval_text == f"[{one.ends_text.replace(' to ', ', ')}]"
    low, high = (float(end.replace("−", "-")) for end in one.ends_text.split(" to "))
    assert (low, high) == pytest.approx((one.low, one.high), abs=0.5 * 10**-one.decimals + 1e-9)


def test_a_number_without_interval_is_written_whole_and_one_without_bounds_too():
    assert Estimate.exact(0.123456).whole_text == "0.1235"
    assert Estimate.exact(-3).whole_text == "−3"
    assert Estimate(1.0, -math.inf, math.inf).whole_text == "1.00 (−∞ to ∞)"
    assert Estimate(1e-5, 0.0, 2e-5).whole_text == "0.00001 (0.00000 to 0.00002)"
    assert UNKNOWN.whole_text == "NaN (NaN to NaN)"
    assert (UNKNOWN.text, UNKNOWN.interval_text) == ("NaN", "[NaN, NaN]")


def test_an_interval_with_a_missing_end_includes_nothing():
    assert Estimate(0.1, -0.1, 0.2).includes_zero
    assert Estimate(0.1, 0.0, 0.2).includes_zero
    assert not Estimate(0.1, 0.05, 0.2).includes_zero
    assert not UNKNOWN.includes_zero
