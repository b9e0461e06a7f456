"""Numbers with their intervals, read out of a result."""

from itertools import product

import xarray as xr

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.effective_examples import FEW, are_enough

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
    return Estimate(value, low, high, carriers is None or are_enough(float(carriers)), unit)


def estimates_of(
    part: xr.Dataset, name: str, unit: str = "", interval: tuple[str, str] | None = None
) -> dict[tuple[str, ...], Estimate]:
    """Every number of a variable with its interval.

    Args:
        part: A part of a result.
        name: Of the variable.
        unit: Of its numbers.
        interval: Names of the variables that hold its ends, where they aren't `NAME_low` and `NAME_high`.

    Returns:
        By the labels along the variable's dimensions, in their order.
    """
    numbers, carriers = part[name], part.get(f"{name}_effective_examples")
    names = (name, *(interval or (f"{name}_low", f"{name}_high")))
    shown = [part[one].transpose(*numbers.dims).values.ravel().tolist() for one in names]
    few = xr.zeros_like(numbers, dtype=bool) if carriers is None else carriers.transpose(*numbers.dims) < FEW
    labels = product(*(map(str, part[dim].values) for dim in numbers.dims))
    rows = zip(labels, *shown, few.values.ravel().tolist(), strict=True)
    return {key: Estimate(value, low, high, not is_few, unit) for key, value, low, high, is_few in rows}
