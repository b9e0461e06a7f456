"""The learning rate of every iteration."""

import math

import pytest

from isthmus.training.schedule import warmup_cosine


def rates(peak, warmup, total):
    return [
        warmup_cosine(iteration, peak=peak, warmup_iterations=warmup, num_iterations=total)
        for iteration in range(total)
    ]


def test_the_rate_rises_in_equal_steps_and_falls_as_a_cosine():
    expected = [0.1, 0.2, 0.3, 0.4, 0.4, 0.2 * (1 + math.cos(math.pi / 4)), 0.2, 0.2 * (1 - math.cos(math.pi / 4))]
    assert rates(0.4, 4, 8) == pytest.approx(expected)


def test_without_warm_up_training_starts_at_the_peak():
    assert rates(0.4, 0, 3)[0] == 0.4


@pytest.mark.parametrize("warmup", [0, 1, 7, 20, 50])
def test_the_rate_is_positive_and_at_most_the_peak_in_every_iteration(warmup):
    assert all(0 < rate <= 0.4 for rate in rates(0.4, warmup, 20))


def test_a_warm_up_longer_than_the_training_never_reaches_the_peak():
    assert max(rates(1.0, 50, 20)) == pytest.approx(0.4)
