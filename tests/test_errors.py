"""The form of messages: expected, got, where, what to do."""

import pytest

from isthmus.errors import InputError, UnknownNameError, short_list


def test_an_input_error_says_its_four_parts_and_is_a_value_error():
    with pytest.raises(ValueError, match="expected a number") as caught:
        raise InputError("a number", "'x'", "--alphas", "write 0.5")
    lines = str(caught.value).splitlines()
    assert lines == ["expected a number", "     got 'x'", "   where --alphas", "      do write 0.5"]


def test_an_unknown_name_is_answered_with_the_nearest_known_one():
    error = UnknownNameError("a layer", "layer3.1", ["conv1", "layer3.1.conv1"], "--layers")
    assert str(error).splitlines()[-1] == "         Did you mean 'layer3.1.conv1'?"
    assert isinstance(error, LookupError)


def test_a_long_list_is_cut_and_counted():
    assert short_list(range(10), limit=3) == "0, 1, 2 and 7 more"
    assert short_list([]) == "nothing"
