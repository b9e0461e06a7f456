"""What averaging costs a network: the rise over the host halfway, the largest rise on the way, and the exchange."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

HALF_WAY = 0.5
RiseName = Literal["rise", "largest_rise", "exchange_rise"]


def averaging_alpha(alphas: Sequence[float]) -> float:
    """The alpha that stands for averaging: strictly between host and donor, and nearest to half-way.

    It follows from the grid alone, so that its rise has the interval of one mean: no maximum was chosen.

    Args:
        alphas: The grid.

    Returns:
        0.5 where the grid has it; of two equally near ones the smaller; NaN where none lies between 0 and 1.

    Example:
        >>> averaging_alpha((0.0, 0.5, 1.0)), averaging_alpha((0.0, 0.25, 0.75, 1.0))
        (0.5, 0.25)
    """
    inner = [alpha for alpha in alphas if 0 < alpha < 1]
    # Of two that are equally near the smaller one, whatever the order of the grid.
    return min(inner, key=lambda alpha: (abs(alpha - HALF_WAY), alpha), default=np.nan)


def rises_asked(alphas: Sequence[float]) -> tuple[RiseName, ...]:
    """Which rises a grid can tell apart.

    Args:
        alphas: The grid as given.

    Returns:
        The rise always; the largest one where several alphas lie between 0 and 1, the exchange where 1 is one of them.

    Example:
        >>> rises_asked((0.5,)), rises_asked((0.0, 0.25, 0.5, 1.0))
        (('rise',), ('rise', 'largest_rise', 'exchange_rise'))
    """
    found: list[RiseName] = ["rise"]
    if sum(0 < alpha < 1 for alpha in alphas) > 1:
        found.append("largest_rise")
    if 1.0 in alphas:
        found.append("exchange_rise")
    return tuple(found)


def rise_rows(rise: RiseName, positions: Sequence[float], alphas: Sequence[float]) -> list[int]:
    """The positions of a cut that a rise is read from.

    The rise is that at `averaging_alpha`; the largest rise is the maximum over all positions strictly between host and
    donor, those of a refinement too; the exchange, alpha = 1, averages nothing and stands by itself.

    Args:
        rise: Which.
        positions: Every position at which the cut was evaluated.
        alphas: The grid as given.

    Returns:
        Their numbers.

    Example:
        >>> rise_rows("largest_rise", (0.0, 0.5, 1.0, 0.75), (0.0, 0.5, 1.0))
        [1, 3]
    """
    if rise == "rise":
        wanted = {averaging_alpha(alphas)}
    elif rise == "largest_rise":
        wanted = {alpha for alpha in positions if 0 < alpha < 1}
    else:
        wanted = {1.0}
    return [row for row, alpha in enumerate(positions) if alpha in wanted]
