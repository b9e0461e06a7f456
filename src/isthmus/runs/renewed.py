"""Results of earlier versions with the numbers of today's."""

import xarray as xr

from isthmus.errors import InputError
from isthmus.runs.folder.loading import barrier


def with_rises(result: xr.Dataset) -> xr.Dataset:
    """A result of a version that knew no rises with all that today's hold, where its losses are kept.

    Args:
        result: From `load_run`, also of several pairs or steps.

    Returns:
        The result as `barrier` gives it under its own baseline; as it is, if it has rises or its losses are gone.
    """
    if "loss_rise" in result:
        return result
    try:
        return barrier(result, result.attrs["baseline"])
    except InputError:  # its losses are gone, and its barriers alone are shown
        return result
