"""The cuts whose measured rise can't be told from zero."""

import xarray as xr

from isthmus.measures.estimate import Estimate
from isthmus.results.estimates import estimates_of
from isthmus.sweeps.group import FULL_NETWORK


def undecided_cuts(study: xr.Dataset) -> list[tuple[str, str]]:
    """Single layers that have parameters to move, and whose interval includes zero all the same.

    Args:
        study: From `isthmus.curvature`.

    Returns:
        Layer and host of each, layer by layer.
    """
    moved = (study["num_parameters"] > 0).all("host").values
    single = study.isel(moving=moved & (study["moving"] != FULL_NETWORK).values).transpose("moving", "host", ...)
    rises: dict[tuple[str, ...], Estimate] = estimates_of(single, "measured_rise")
    return [(layer, host) for (layer, host), rise in rises.items() if rise.includes_zero]
