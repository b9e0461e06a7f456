"""Means of losses known on few examples, made sharper by two losses known on many: control variates."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

NUM_CONTROLS = 2
FEWEST_EXAMPLES = 20

Rows = Float[np.ndarray, "rows n"]
Square = Float[np.ndarray, "rows rows"]


@dataclass(frozen=True)
class Controls:
    """What is known of the control variates from the larger sample.

    Attributes:
        num_examples: m, how many examples that is.
        mean: Of each control.
        covariance: Of the controls, divided by m - 1.
    """

    num_examples: int
    mean: Float[np.ndarray, " controls"]
    covariance: Float[np.ndarray, "controls controls"]

    @classmethod
    def of(cls, values: "Float[np.ndarray, 'controls m']") -> "Controls":
        """The moments of a sample.

        Args:
            values: From `controls_of`, at least two columns.

        Returns:
            Its moments.
        """
        m, mean = values.shape[1], values.mean(axis=1)
        with np.errstate(invalid="ignore"):
            around = values - mean[:, None]
        return cls(m, mean, around @ around.T / (m - 1))


@dataclass(frozen=True)
class ControlledMean:
    """Means over a finite data set, estimated from a sample of n of its N examples and a larger one of m.

    Both are the beginnings of one random order, so the smaller lies in the larger. With d the values, c the controls
    and beta the coefficients of the regression of d on c among the n,

        mean = mean_n(d) - beta' (mean_n(c) - mean_m(c))
        covariance = (1/n - 1/m) S_e + (1/m - 1/N) (S_e + beta' S_c beta),

    where S_e is the covariance of the residuals, each divided by 1 - leverage (the jackknife, which pays for fitting
    beta), and S_c that of the controls among the m. With m = n this is the plain mean with its finite-population
    correction; with n = m = N the covariance is zero. (Two-phase sampling: Cochran, Sampling Techniques, 3rd ed.,
    1977, section 12.6; there S_d, which the smaller sample knows less well, stands for the last bracket.)

    Attributes:
        num_examples: n.
        beta: One row a value, one column a control.
        offset: mean_n(d) - beta' mean_n(c).
        residuals: e / (1 - leverage), one row a value.
        residual_covariance: S_e.
    """

    num_examples: int
    beta: Float[np.ndarray, "rows controls"]
    offset: Float[np.ndarray, " rows"]
    residuals: Rows
    residual_covariance: Square

    def mean(self, controls: Controls) -> Float[np.ndarray, " rows"]:
        """The estimates.

        Args:
            controls: From the larger sample.

        Returns:
            One a row.
        """
        return np.asarray(self.offset + self.beta @ controls.mean if self.beta.any() else self.offset)

    def value_covariance(self, controls: Controls) -> Square:
        """The covariance of the values, S_e + beta' S_c beta.

        Args:
            controls: From the larger sample.

        Returns:
            In the square of the unit of the values.
        """
        explained = self.beta @ controls.covariance @ self.beta.T if self.beta.any() else 0.0
        return np.asarray(self.residual_covariance + explained)

    def covariance(self, controls: Controls, num_population: int) -> Square:
        """The covariance of the estimates.

        Args:
            controls: From the larger sample.
            num_population: N.

        Returns:
            In the square of the unit of the values.
        """
        m = controls.num_examples
        inner, outer = 1 / self.num_examples - 1 / m, 1 / m - 1 / num_population
        return np.asarray(inner * self.residual_covariance + outer * self.value_covariance(controls))


def controls_of(loss_a: Float[np.ndarray, " n"], loss_b: Float[np.ndarray, " n"]) -> Float[np.ndarray, "controls n"]:
    """The control variates: sum and difference of the complete networks' losses.

    They span the same space as the two losses; exchanging a and b changes the sign of one row and no other bit.

    Args:
        loss_a: Of network a.
        loss_b: Of network b.

    Returns:
        Two rows.
    """
    with np.errstate(invalid="ignore"):
        return np.stack([loss_a + loss_b, loss_a - loss_b])


def controlled_mean(values: Rows, controls: Float[np.ndarray, "controls n"]) -> ControlledMean:
    """Regress values on controls over the examples on which both are known.

    Below 20 examples, and where a number is not finite, no control is used: beta is 0.

    Args:
        values: One row a mean, at least two columns.
        controls: From `controls_of`, on the same examples.

    Returns:
        What estimates and covariances follow from.

    Example:
        >>> loss_a, loss_b = np.arange(40.0) % 7, np.arange(40.0) % 5
        >>> found = controlled_mean(np.stack([loss_a + 2 * loss_b]), controls_of(loss_a, loss_b))
        >>> known = Controls.of(controls_of(np.array([1.0, 1.0]), np.array([1.0, 1.0])))
        >>> found.mean(known).round(9)
        array([3.])
    """
    rows, n = values.shape
    with np.errstate(invalid="ignore"):
        centred = values - values.mean(axis=1, keepdims=True)
    around = controls - controls.mean(axis=1, keepdims=True) if np.isfinite(controls).all() else np.zeros_like(controls)
    beta = np.zeros((rows, NUM_CONTROLS))
    leverage = np.full(n, 1 / n)
    left = list(range(NUM_CONTROLS)) if n >= FEWEST_EXAMPLES and np.isfinite(values).all() else []
    axes: list[tuple[int, Float[np.ndarray, " n"], Float[np.ndarray, " controls"]]] = []
    for number in left:
        # One control after the other (Gram-Schmidt), so that exchanging a and b flips signs and rounds nothing anew.
        axis, weights = around[number], np.eye(NUM_CONTROLS)[number]
        for _, earlier, of_earlier in axes:
            share = (axis @ earlier) / (earlier @ earlier)
            axis, weights = axis - share * earlier, weights - share * of_earlier
        if axis @ axis > 1e-12 * (around[number] @ around[number]):
            axes.append((number, axis, weights))
            slopes = centred @ axis / (axis @ axis)
            beta += np.outer(slopes, weights)
            centred = centred - np.outer(slopes, axis)
            leverage = leverage + axis**2 / (axis @ axis)
    with np.errstate(invalid="ignore"):
        residuals = centred / (1 - leverage.clip(max=1 - 1 / n))
        residual_covariance = np.atleast_2d(residuals @ residuals.T) * ((n - 1) / n**2)
    shift = beta @ controls.mean(axis=1) if beta.any() else 0.0
    return ControlledMean(n, beta, values.mean(axis=1) - shift, residuals, residual_covariance)
