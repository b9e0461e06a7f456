"""Laws of the interpolation formula."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from isthmus.weights.interpolation import complement, interpolation, tensor_difference

NUMBERS = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40)
WITH_INFINITIES = st.lists(st.floats(-1e3, 1e3, width=32) | st.sampled_from([float("inf"), float("-inf")]), min_size=1)


@given(WITH_INFINITIES, st.floats(-1, 2))
def test_equal_ends_give_that_value_everywhere(values, position):
    x = torch.tensor(values)
    assert torch.equal(interpolation(x, x.clone(), position), x)


@given(NUMBERS)
def test_the_ends_are_exact_also_for_values_that_are_not_finite(values):
    x = torch.tensor([*values, float("inf")])
    y = torch.tensor([*values, float("nan")]).flip(0)
    assert interpolation(x, y, 0.0) is x
    assert interpolation(x, y, 1.0) is y


def test_where_one_entry_is_an_equal_infinity_the_others_are_blended_as_ever():
    x, y = torch.tensor([1.0, 2.0, 7.0]), torch.tensor([3.0, 6.0, 7.0])
    blended = interpolation(x, y, 0.3)
    infinite = torch.tensor([False, False, True])
    masked = interpolation(x.masked_fill(infinite, float("-inf")), y.masked_fill(infinite, float("-inf")), 0.3)
    assert torch.equal(masked, blended.masked_fill(infinite, float("-inf")))


def test_opposite_infinities_have_no_middle():
    x = torch.tensor([float("inf")])
    assert interpolation(x, -x, 0.5).isnan().all()
    assert interpolation(x, x * float("nan"), 0.5).isnan().all()


@given(WITH_INFINITIES)
def test_nothing_differs_from_itself(values):
    x = torch.tensor(values)
    assert torch.equal(tensor_difference(x, x.clone()), torch.zeros(len(values)))
    assert torch.equal(tensor_difference(x + 1, x), (x + 1 - x).nan_to_num())


def test_the_middle_is_the_mean_to_rounding():
    x, y = torch.randn(1000, generator=torch.Generator().manual_seed(0)), torch.randn(1000)
    torch.testing.assert_close(interpolation(x, y, 0.25), 0.75 * x + 0.25 * y)


@given(st.floats(0, 1))
def test_the_complement_is_one_minus_alpha_to_the_last_place(alpha):
    assert abs(complement(alpha) - (1 - alpha)) <= 2**-53


@given(st.integers(0, 10_000))
def test_decimal_grids_meet_exactly_from_the_other_side(k):
    assert complement(k / 10_000) == (10_000 - k) / 10_000
    assert complement(complement(k / 10_000)) == k / 10_000
