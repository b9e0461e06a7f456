"""Numbers on the command line: a decimal comma is never taken for the comma of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.questions.noise.settings import sigmas_of
from isthmus.runs.request.settings import alpha_grid, alphas_of


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0,0.5,1", (0.0, 0.5, 1.0)),
        ("0,1", (0.0, 1.0)),
        ("0,5.0", (0.0, 5.0)),
        ("-1.0,0,1,2.", (-1.0, 0.0, 1.0, 2.0)),
        ("0, 1e1", (0.0, 10.0)),
        ("1,0.05", (1.0, 0.05)),
        ("-0.5", (-0.5,)),
        ("0.5", (0.5,)),
    ],
)
def test_a_list_holds_the_numbers_that_stand_there(text, numbers):
    assert alphas_of(text) == numbers


@pytest.mark.parametrize(
    ("text", "remedies"),
    [
        ("0,5", ("write 0.5 for a decimal", "0,5.0 for the list")),
        ("1,5", ("write 1.5 for a decimal", "1,5.0 for the list")),
        ("0,05", ("write 0.05 for a decimal", "0,05.0 for the list")),
        ("0,01", ("write 0.01 for a decimal",)),
        ("0,25,0,5", ("write decimals as 0.5", "0,25.0,0,5.0 for the list")),
        ("0,5,1", ("0,5.0,1 for the list",)),
        ("-1,0,2", ("-1.0,0,2.0 for the list",)),
    ],
)
@pytest.mark.parametrize("parsed", [alphas_of, sigmas_of])
def test_what_may_be_a_decimal_comma_is_refused_with_how_to_say_each(text, remedies, parsed):
    with pytest.raises(InputError, match="may be meant as decimals") as caught:
        parsed(text)
    for remedy in remedies:
        assert remedy in str(caught.value)


@pytest.mark.parametrize("text", ["half", "0,half", "", "0,,1", "+-5", "٣,0"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InputError, match="numbers"):
        alphas_of(text)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8, unique=True), st.data())
def test_every_list_of_numbers_is_read_as_it_is_written(numbers, data):
    comma = data.draw(st.sampled_from([",", ", ", " ,"]))
    assert alphas_of(comma.join(map(repr, numbers))) == tuple(numbers)


@given(st.integers(2, 500))
def test_a_count_is_that_many_even_steps_from_0_to_1(count):
    grid = alphas_of(str(count))
    assert grid == alpha_grid(count) == tuple(k / (count - 1) for k in range(count))
    assert (grid[0], grid[-1], len(set(grid))) == (0.0, 1.0, count)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=5, unique=True))
def test_a_list_of_whole_numbers_is_taken_only_where_no_decimal_comma_can_be_meant(numbers):
    text = ",".join(map(str, numbers))
    if set(numbers) <= {0, 1}:
        assert alphas_of(text) == tuple(numbers)
    else:
        with pytest.raises(InputError, match="may be meant as decimals"):
            alphas_of(text)
