"""How much the loss rises along several random directions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.effective_examples import effective_examples
from isthmus.measures.intervals.paired_mean import paired_mean


@dataclass(frozen=True)
class DrawnRise:
    """The mean rise of the loss over the host, with two uncertainties that are kept apart.

    Attributes:
        estimate: Mean over examples and draws, in nats for cross-entropy; its interval is over examples, with the drawn
            directions held fixed.
        spread: Standard deviation over draws of the mean over examples; NaN for fewer than two draws.
        effective_examples: How many examples carry the value
            (`isthmus.measures.intervals.effective_examples.effective_examples`).
    """

    estimate: Estimate
    spread: float
    effective_examples: float


def rise_over_host(displaced: Float[np.ndarray, "draws n"], host: Float[np.ndarray, " n"]) -> DrawnRise:
    """The rise of the loss, paired by example: mean over draws k and examples i of E_ki - E_i.

    Args:
        displaced: Loss of each displaced network on each example.
        host: Loss of the host on the same examples.

    Returns:
        The rise; everything is NaN where a loss is, or where both are infinite.

    Example:
        >>> rise = rise_over_host(np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([1.0, 1.0]))
        >>> rise.estimate.value, round(rise.spread, 4)
        (1.5, 0.7071)
    """
    with np.errstate(invalid="ignore"):
        differences = displaced.astype(np.float64) - host.astype(np.float64)
        by_example, by_draw = differences.mean(axis=0), differences.mean(axis=1)
        spread = float(by_draw.std(ddof=1)) if len(by_draw) > 1 else np.nan
    rise = paired_mean(by_example)
    if rise.is_nan:
        return DrawnRise(rise, np.nan, np.nan)
    return DrawnRise(rise, spread, effective_examples(by_example))
