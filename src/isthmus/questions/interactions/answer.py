"""Interactions of layers, from a result."""

from typing import get_args

import xarray as xr

from isthmus.errors import InputError, UnknownNameError, short_list
from isthmus.measures.barrier import Quantity
from isthmus.questions.interactions.measure import interactions_of, missing_groups
from isthmus.results.studies import INTERACTION, INTERACTIONS, RISE
from isthmus.results.variables import with_dimensions
from isthmus.runs.folder.loading import measurement_of


def interactions(result: xr.Dataset, alpha: float = 0.5, value: Quantity = "loss") -> xr.Dataset:
    """How much more (or less) two layers cost together than the sum of what each costs alone.

    R_i is the rise of the mean loss over the host's own loss when layer i alone is at alpha; the interaction of i and j
    is R_ij - R_i - R_j. Formula and intervals: `isthmus.questions.interactions.measure.interactions_of`.

    Args:
        result: A measurement with the sweeps `single` and `pairs`, from `isthmus.measure` or `isthmus.load_run`.
        alpha: Which alpha of its grid.
        value: "loss" (in its unit, nats for cross-entropy) or "error" (as a fraction).

    Returns:
        `interaction` over (host, layer, other_layer), symmetric with a diagonal of NaN, and `rise` over (host, layer),
        each with `_low` and `_high`, the ends of its own 95 % interval; a dimension `split` where there are several.

    Raises:
        InputError: A layer, a pair, that alpha, the errors, or the per-example losses are not there.
        UnknownNameError: There is no such value.
    """
    if value not in get_args(Quantity):
        raise UnknownNameError("a value", value, get_args(Quantity), "interactions(result, value=...)")
    measurement = measurement_of(result)
    grid, tables = measurement.grid, measurement.tables
    missing = missing_groups(grid)
    if missing:
        raise InputError(
            "a result with every layer alone and every pair of layers",
            f"one without {short_list(missing, 3)}",
            "interactions(result)",
            "measure with sweep=['single', 'pairs']",
        )
    if alpha not in grid.alphas:
        raise InputError(
            f"one of the alphas {', '.join(f'{x:g}' for x in grid.alphas)}",
            repr(alpha),
            "interactions(result, alpha=...)",
            "choose one of them, or measure at this alpha",
        )
    if value == "error" and any(table.error is None for table in tables.values()):
        raise InputError("a loss with classes", "one without", "interactions(result, value='error')", "take the loss")
    parts = []
    for table in tables.values():
        found = interactions_of(grid, table, value, grid.alphas.index(alpha))
        values = RISE.values_of(found.rise) | INTERACTION.values_of(found.interaction)
        parts.append(xr.Dataset(with_dimensions(values, INTERACTIONS)))
    whole = parts[0] if len(parts) == 1 else xr.concat(parts, dim="split").assign_coords(split=list(tables))
    layers = list(grid.groups[0].layers)
    return whole.assign_coords(host=list(grid.hosts), layer=layers, other_layer=layers, alpha=alpha)
