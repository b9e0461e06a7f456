"""The baselines with which the loss between two networks is compared."""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

Baseline = Literal["models", "chord", "cut", "host"]
BASELINES: tuple[str, ...] = get_args(Baseline)
PerExample = Float[np.ndarray, " n"]


def baseline_values(
    baseline: Baseline, alpha: float, host: PerExample, donor: PerExample, far_end: PerExample | None
) -> PerExample:
    """The baseline of one point, example by example.

    - `models`: (host + donor) / 2, the mean of the two complete networks, at every alpha (the paper's);
    - `chord`: (1 - alpha) host + alpha donor, the line between the two complete networks;
    - `cut`: (1 - alpha) host + alpha far_end, the line between the two ends of this very cut, which Theorem 4.1 means;
    - `host`: host, at every alpha. The excess over it is the rise: what moving the layers costs this very network.

    Args:
        baseline: Which one.
        alpha: Position of the point.
        host: Per-example values of the complete host.
        donor: Per-example values of the complete donor.
        far_end: Per-example values at alpha = 1 of this cut; needed for `cut` only.

    Returns:
        One number an example.

    Example:
        >>> baseline_values("chord", 0.25, np.array([0.0]), np.array([4.0]), None)
        array([1.])
    """
    if baseline == "host":
        return host
    if baseline == "models":
        alpha = 0.5
    end = far_end if baseline == "cut" else donor
    assert end is not None
    return np.asarray((1 - alpha) * host + alpha * end)
