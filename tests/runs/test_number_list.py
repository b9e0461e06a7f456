"""Numbers on the command line: a decimal comma is never taken for the comma of a list."""

import pytest

from isthmus.errors import InputError
from isthmus.runs.noise_settings import parsed_sigmas
from isthmus.runs.settings import parsed_alphas


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
    assert parsed_alphas(text) == numbers


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
@pytest.mark.parametrize("parsed", [parsed_alphas, parsed_sigmas])
def test_what_may_be_a_decimal_comma_is_refused_with_how_to_say_each(text, remedies, parsed):
    with pytest.raises(InputError, match="may be meant as decimals") as caught:
        parsed(text)
    for remedy in remedies:
        assert remedy in str(caught.value)


@pytest.mark.parametrize("text", ["half", "0,half", "", "0,,1", "+-5", "٣,0"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InputError, match="numbers"):
        parsed_alphas(text)
