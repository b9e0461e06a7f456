"""Curves of a result along alpha: what every row costs at each position between host and donor."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.averaging import HALF_WAY
from isthmus.measures.barrier import Quantity
from isthmus.results.rows import labels
from isthmus.results.variables import OF

if TYPE_CHECKING:
    import xarray as xr

Curve = np.ndarray[tuple[int], np.dtype[np.float64]]
Curves = dict[tuple[str, str], Curve]


def rise_along_alpha(part: "xr.Dataset", kind: Quantity, factor: float = 1.0) -> Curves:
    """The rise over the host of every row along alpha.

    Args:
        part: One split of a measurement.
        kind: "loss" or "error".
        factor: What the numbers are multiplied by.

    Returns:
        For every (row, host) the values along `alpha`.
    """
    own = np.array([float(part[OF[kind].ends[host].name]) for host in labels(part, "host")])
    return _by_cut(part[OF[kind].mean.name].transpose(..., "host") - own, factor)


def excess_along_alpha(part: "xr.Dataset", kind: Quantity, factor: float = 1.0) -> Curves:
    """The excess over the baseline of every row along alpha.

    Args:
        part: One split of a measurement.
        kind: "loss" or "error".
        factor: What the numbers are multiplied by.

    Returns:
        For every (row, host) the values along `alpha`.
    """
    return _by_cut(part[OF[kind].excess.name], factor)


def baseline_along_alpha(part: "xr.Dataset", kind: Quantity, factor: float = 1.0) -> dict[str, Curve]:
    """Where the baseline of the barriers runs among the rises of a host: a barrier is the height of a curve above it.

    Args:
        part: One split of a measurement.
        kind: "loss" or "error".
        factor: What the numbers are multiplied by.

    Returns:
        For every host the values along `alpha`; nothing for the baselines `cut`, which is another line for every layer,
        and `host`, which is zero.
    """
    baseline = str(part.attrs.get("baseline", "models"))
    if baseline not in {"models", "chord"}:
        return {}
    alpha = part["alpha"].values if baseline == "chord" else np.full(part.sizes["alpha"], HALF_WAY)
    found, ends = {}, OF[kind].ends
    for host, donor in (("a", "b"), ("b", "a")):
        if host in part["host"].values:
            difference = float(part[ends[donor].name]) - float(part[ends[host].name])
            found[host] = factor * difference * alpha
    return found


def _by_cut(shown: "xr.DataArray", factor: float) -> Curves:
    shown = shown.transpose("moving", "host", "alpha")
    return {
        (str(layer), str(host)): factor * np.asarray(shown.values[i, j], dtype=np.float64)
        for i, layer in enumerate(shown["moving"].values)
        for j, host in enumerate(shown["host"].values)
    }
