"""Control variates: the regression estimate, its two samples, and its symmetry."""

import numpy as np
import pytest

from isthmus.measures.control_variate import Controls, controlled_mean, controls_of

random = np.random.default_rng(0)
LOSS_A, LOSS_B = random.gamma(1.0, size=(2, 300))
VALUES = np.stack([0.5 * LOSS_A - 0.5 * LOSS_B, LOSS_A**2]) + 0.1 * random.standard_normal((2, 300))


def found(n, m, values=VALUES, a=LOSS_A, b=LOSS_B):
    return controlled_mean(values[:, :n], controls_of(a[:n], b[:n])), Controls.of(controls_of(a[:m], b[:m]))


def test_the_estimate_is_that_of_least_squares():
    mean, controls = found(100, 250)
    design = np.stack([np.ones(100), LOSS_A[:100], LOSS_B[:100]], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, VALUES[:, :100].T, rcond=None)
    expected = np.array([1.0, LOSS_A[:250].mean(), LOSS_B[:250].mean()]) @ coefficients
    np.testing.assert_allclose(mean.mean(controls), expected, rtol=1e-12)
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    residuals = (VALUES[:, :100].T - design @ coefficients).T / (1 - hat.diagonal())
    np.testing.assert_allclose(mean.residuals, residuals, rtol=1e-9)


def test_with_one_sample_the_estimate_is_the_plain_mean():
    mean, controls = found(200, 200)
    np.testing.assert_allclose(mean.mean(controls), VALUES[:, :200].mean(axis=1), rtol=1e-12)


def test_nothing_is_uncertain_when_all_examples_are_used():
    mean, controls = found(300, 300)
    assert (mean.covariance(controls, 300) == 0).all()
    assert (mean.covariance(controls, 301).diagonal() > 0).all()


def test_the_covariance_is_that_of_repeated_samples():
    n, m, N = 60, 150, 300
    estimates, claimed = [], []
    for _ in range(1500):
        order = random.permutation(N)
        mean, controls = found(n, m, VALUES[:, order], LOSS_A[order], LOSS_B[order])
        estimates.append(mean.mean(controls))
        claimed.append(mean.covariance(controls, N).diagonal())
    np.testing.assert_allclose(np.mean(claimed, axis=0), np.var(estimates, axis=0), rtol=0.12)


def test_a_larger_sample_of_the_complete_networks_sharpens_the_estimate():
    variances = [found(60, m)[0].covariance(found(60, m)[1], 300)[0, 0] for m in (60, 120, 300)]
    assert variances[0] > 1.5 * variances[1] > 1.5 * variances[2]


def test_exchanging_the_networks_changes_no_bit():
    one, controls = found(100, 250)
    two, swapped = found(100, 250, a=LOSS_B, b=LOSS_A)
    assert (one.mean(controls) == two.mean(swapped)).all()
    assert (one.covariance(controls, 300) == two.covariance(swapped, 300)).all()


@pytest.mark.parametrize("a", [np.ones(300), LOSS_B])
def test_controls_that_say_nothing_new_do_no_harm(a):
    mean, controls = found(100, 250, a=a)
    design = np.stack([np.ones(100), LOSS_B[:100]], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, VALUES[:, :100].T, rcond=None)
    np.testing.assert_allclose(mean.mean(controls), np.array([1.0, LOSS_B[:250].mean()]) @ coefficients, rtol=1e-9)


def test_a_value_that_is_not_finite_stays_so():
    values = VALUES.copy()
    values[0, 3] = np.nan
    values[1, 4] = np.inf
    mean, controls = found(100, 250, values)
    assert np.isnan(mean.mean(controls)[0])
    assert mean.mean(controls)[1] == np.inf
