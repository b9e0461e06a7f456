"""How much of what averaging seems to cost may come from networks that are not equally good."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.results.variables import LOSS

if TYPE_CHECKING:
    import xarray as xr


def outweighed_by_ends(part: "xr.Dataset", rows: Sequence[str]) -> bool:
    """Whether half of the two networks' difference in loss is more than what averaging the median row costs.

    Args:
        part: One split of a measurement.
        rows: Labels of `moving`.

    Returns:
        False where no rise is known.
    """
    rises = np.abs(part[LOSS.rises["rise"].name].sel(moving=list(rows)).values)
    return not np.isnan(rises).all() and half_difference(part) > float(np.nanmedian(rises))


def half_difference(part: "xr.Dataset") -> float:
    """Half of the two networks' difference in loss, which the baseline `models` puts on every barrier.

    Args:
        part: One split of a measurement.

    Returns:
        At least 0.
    """
    return abs(float(part[LOSS.ends["a"].name]) - float(part[LOSS.ends["b"].name])) / 2
