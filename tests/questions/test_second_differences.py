"""Second differences, their intervals, and the verdicts."""

import numpy as np
import pytest

from isthmus.questions.convexity.measure import Convexity, convexity_of, rounding_tolerance, second_differences

UNEVEN = (0.0, 0.1, 0.4, 0.5, 1.0)


def cut(function, alphas, noise):
    """Losses whose mean is the function, for any spread."""
    return np.array([function(alpha) for alpha in alphas])[:, None] + noise - noise.mean(axis=1, keepdims=True)


def test_second_differences_are_the_second_derivative_of_a_quadratic_on_an_uneven_grid():
    x = np.array(UNEVEN)
    found = second_differences(np.stack([3 * x**2 - x, 2 * x + 1], axis=1), UNEVEN)
    np.testing.assert_allclose(found, [[6, 0]] * 3, atol=1e-12)


def test_on_an_even_grid_they_are_the_usual_ones():
    values = np.random.default_rng(0).normal(size=(5, 3))
    expected = (values[:-2] - 2 * values[1:-1] + values[2:]) / 0.25**2
    np.testing.assert_allclose(second_differences(values, np.linspace(0, 1, 5)), expected, rtol=1e-12)


def test_plain_differences_on_an_uneven_grid_would_call_a_parabola_dented():
    """Why divided differences are needed."""
    x = np.array(UNEVEN)
    assert (np.diff(x**2, n=2) < 0).any()
    assert (second_differences(x[:, None] ** 2, UNEVEN) > 0).all()


@pytest.mark.parametrize(
    ("function", "spread", "verdict"),
    [
        (lambda x: (x - 0.4) ** 2, 1.0, Convexity.CONVEX),
        (lambda x: 0.7 * x, 1.0, Convexity.CONVEX),
        (lambda x: x * (1 - x), 0.01, Convexity.NOT),
        (lambda x: x * (1 - x), 100.0, Convexity.UNDECIDED),
        (lambda x: x * (1 - x) + 1e-9, 0.0, Convexity.NOT),
    ],
)
def test_the_verdict_is_convex_not_convex_or_undecided(function, spread, verdict):
    noise = spread * np.random.default_rng(1).normal(size=(5, 40))
    losses = cut(function, UNEVEN, noise)
    found = convexity_of(losses, UNEVEN, np.full(3, 1e-9))
    assert found.verdict is verdict
    assert found.estimate.low <= found.estimate.value <= found.estimate.high
    assert found.alpha == UNEVEN[1 + int(found.second_differences.argmin())]


def test_the_tolerance_decides_between_rounding_and_a_dent():
    losses = np.array([[1.0, 1.0], [1.0 + 1e-7, 1.0 + 1e-7], [1.0, 1.0]])
    grid = (0.0, 0.5, 1.0)
    as_float32 = rounding_tolerance(losses.mean(axis=1), grid, "float32")
    as_float64 = rounding_tolerance(losses.mean(axis=1), grid, "float64")
    assert convexity_of(losses, grid, as_float32).verdict is Convexity.CONVEX
    assert convexity_of(losses, grid, as_float64).verdict is Convexity.NOT


def test_the_tolerance_follows_the_size_of_the_loss_and_the_step():
    small = rounding_tolerance(np.full(3, 0.0), (0.0, 0.5, 1.0), "float32")
    assert rounding_tolerance(np.full(3, 9.0), (0.0, 0.5, 1.0), "float32") == pytest.approx(10 * small)
    assert rounding_tolerance(np.full(3, 0.0), (0.0, 0.05, 0.1), "float32") == pytest.approx(100 * small)


def test_values_that_are_not_finite_are_kept_and_decide_nothing():
    for bad in (np.nan, np.inf):
        losses = np.zeros((5, 4))
        losses[0, 2] = bad
        found = convexity_of(losses, UNEVEN, np.full(3, 1e-9))
        assert found.verdict is Convexity.UNDECIDED
        assert not np.isfinite(found.second_differences[0])
        assert (found.second_differences[1:] == 0).all()
        assert np.isnan(found.estimate.low)


def test_one_example_has_no_interval():
    found = convexity_of(np.array([[0.0], [1.0], [0.0]]), (0.0, 0.5, 1.0), np.array([1e-9]))
    assert (found.estimate.low, found.estimate.high) == (-np.inf, np.inf)
    assert found.verdict is Convexity.UNDECIDED


def test_the_interval_of_the_smallest_second_difference_covers_it_and_no_convex_cut_is_called_dented():
    """A straight line, the hardest convex case: every second difference is zero."""
    random = np.random.default_rng(5)
    alphas = np.linspace(0, 1, 6)
    covered = dented = 0
    rounds = 400
    for _ in range(rounds):
        slopes, bends = random.normal(size=(2, 1, 60))
        losses = slopes * alphas[:, None] + bends * alphas[:, None] ** 2 + 0.05 * random.normal(size=(6, 60))
        found = convexity_of(losses, alphas.tolist(), np.full(4, 1e-9))
        covered += found.estimate.low <= 0 <= found.estimate.high
        dented += found.verdict is Convexity.NOT
    assert covered / rounds > 0.95 - 2 * (0.95 * 0.05 / rounds) ** 0.5
    assert dented / rounds < 0.025 + 2 * (0.025 / rounds) ** 0.5
