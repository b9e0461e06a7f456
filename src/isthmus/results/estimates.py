"""Numbers with their intervals, read out of a result."""

import xarray as xr

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.effective_examples import FEW

ENDS = ("", "_low", "_high")
"""What follows the name of a variable: nothing for the number itself, and for the ends of its interval."""


def estimate_at(row: xr.Dataset, name: str, unit: str = "") -> Estimate:
    """A number with its interval.

    Args:
        row: A result, or a study, at one place: all its dimensions chosen.
        name: Of the variable, such as `"loss_barrier"`; beside it stand its `_low` and `_high`.
        unit: Of the number.

    Returns:
        The estimate; not trusted where the row says that few examples carry it.
    """
    value, low, high = (float(row[f"{name}{end}"]) for end in ENDS)
    carriers = row.get(f"{name}_effective_examples")
    return Estimate(value, low, high, carriers is None or not bool(carriers < FEW), unit)
