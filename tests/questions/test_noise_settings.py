"""What a study of noise is asked: what is refused, and that nothing heavy is loaded for it."""

import subprocess
import sys

import pytest

from isthmus.errors import InputError, UnknownNameError
from isthmus.questions.noise.settings import NoiseSettings, sigmas_of


@pytest.mark.parametrize("sigmas", [(), (0.5, 0.5), (-0.1,), (float("nan"),), (float("inf"),)])
def test_lengths_that_are_none_are_refused(sigmas):
    with pytest.raises(InputError, match=r"different finite numbers from 0[\s\S]*--sigmas"):
        NoiseSettings(sigmas)


def test_other_units_and_no_draws_are_refused():
    with pytest.raises(UnknownNameError, match=r"unit of sigma[\s\S]*Did you mean 'absolute'"):
        NoiseSettings(sigma_unit="absolut")
    for number in (0, 2.0, True):
        with pytest.raises(InputError, match=r"at least 1[\s\S]*--draws"):
            NoiseSettings(num_draws=number)


def test_a_list_of_numbers_is_read_and_anything_else_refused():
    assert sigmas_of("0, 0.5,1e-1") == (0.0, 0.5, 0.1)
    with pytest.raises(InputError, match=r"expected numbers[\s\S]*--sigmas"):
        sigmas_of("0,half")


def test_arguments_are_checked_without_torch():
    code = (
        "import isthmus.cli.studies.subspace, isthmus.questions.noise.settings, sys; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
