"""Whether the cuts of a measurement are convex, and whether theory says that they must be."""

from operator import attrgetter

import numpy as np
import xarray as xr

from isthmus.errors import InputError
from isthmus.measures.intervals.interval import critical_value
from isthmus.questions.convexity.measure import (
    REDUCED,
    CutConvexity,
    bend_alphas,
    convexity_of,
    losses_of_cut,
    rounding_tolerance,
    second_differences,
)
from isthmus.results.labelled import labelled
from isthmus.results.studies import CONVEXITY, SMALLEST_BEND
from isthmus.results.variables import Values, with_dimensions
from isthmus.runs.folder.loading import measurement_of
from isthmus.runs.folder.record import Record

FIELDS = {
    SMALLEST_BEND.name: "estimate.value",
    SMALLEST_BEND.low: "estimate.low",
    SMALLEST_BEND.high: "estimate.high",
    SMALLEST_BEND.alpha: "alpha",
    SMALLEST_BEND.effective_examples: "effective_examples",
}


def convexity(
    result: xr.Dataset, split: str | None = None, tolerance: float | None = None, *, simultaneous: bool = False
) -> xr.Dataset:
    """Whether the loss is convex along every cut of a measurement, from its stored losses; nothing is evaluated.

    Second differences D are taken over the alphas of the measurement, the host (alpha 0) and, where they were
    evaluated, the far ends (`isthmus.questions.convexity.measure.second_differences`). Theorem 4.1 of the paper: D >= 0
    along every single layer of a deep linear network under the squared error.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`.
        split: Which split, where there are several.
        tolerance: How far below zero D may lie; by default what rounding can do
            (`isthmus.questions.convexity.measure.rounding_tolerance`). A dent that only the rounding of bfloat16 or
            TF32 excuses is "undecided".
        simultaneous: Let the intervals hold for all cuts at once, and not for each by itself.

    Returns:
        Over (host, moving): `convexity` ("convex", "not convex", "undecided"), `smallest_second_difference` with its
        95 % interval `_low`, `_high` and the inner alpha where it is; over (host, moving, alpha) with the inner alphas:
        `second_difference` and `tolerance`.

    Raises:
        InputError: There are fewer than three alphas to compare, or the losses are gone.

    Example:
        >>> import torch, isthmus
        >>> weights = [{"weight": torch.full((1, 1), w)} for w in (1.0, 3.0)]
        >>> data = (torch.ones(2, 1), torch.zeros(2, 1))
        >>> net = torch.nn.Linear(1, 1, bias=False)  # the loss is w^2, so D = 2 (3 - 1)^2
        >>> result = isthmus.measure(net, *weights, data, loss="squared_error", alphas=3)
        >>> found = isthmus.convexity(result).sel(host="a", moving="all")
        >>> float(found.smallest_second_difference), str(found.convexity.values)
        (8.0, 'convex')
    """
    measurement = measurement_of(result)
    grid, table = measurement.grid, measurement.table(split)
    alphas = bend_alphas(grid)
    if len(alphas) < 3:
        raise InputError(
            "three alphas or more along every cut",
            f"alphas {list(grid.alphas)} and the host",
            "convexity(result)",
            "measure with alphas=11, or with baseline='cut', which adds the far ends",
        )
    cuts = [losses_of_cut(grid, table, h, m) for h in range(len(grid.hosts)) for m in range(len(grid.groups))]
    critical = None
    if simultaneous:
        # Correlations between cuts need the same examples in all.
        fewest = min(losses.shape[1] for losses in cuts)
        critical = critical_value(np.concatenate([second_differences(losses[:, :fewest], alphas) for losses in cuts]))
    dtype = measurement.record.settings.dtype
    allowed = [
        rounding_tolerance(losses.mean(axis=1), alphas, dtype)
        if tolerance is None
        else np.full(len(alphas) - 2, float(tolerance))
        for losses in cuts
    ]
    resolutions = [
        rounding_tolerance(losses.mean(axis=1), alphas, "float32") if dtype in REDUCED and tolerance is None else least
        for losses, least in zip(cuts, allowed, strict=True)
    ]
    found = [
        convexity_of(losses, alphas, least, critical=critical, resolution=resolution)
        for losses, least, resolution in zip(cuts, allowed, resolutions, strict=True)
    ]
    shape = (len(grid.hosts), len(grid.groups))
    values: Values = {name: _array(found, field).reshape(shape) for name, field in FIELDS.items()}
    values["convexity"] = np.array([str(cut.verdict) for cut in found], dtype=object).reshape(shape)
    inner = (*shape, len(alphas) - 2)
    values["second_difference"] = np.array([cut.second_differences for cut in found]).reshape(inner)
    values["tolerance"] = np.array(allowed).reshape(inner)
    moving = {name: result[name] for name in ("sweep", "layers_moved")}
    labels = {"host": list(grid.hosts), "moving": [group.label for group in grid.groups], "alpha": list(alphas[1:-1])}
    attributes = {name: result.attrs[name] for name in ("run_id", "model", "loss", "dtype") if name in result.attrs}
    return labelled(xr.Dataset(with_dimensions(values, CONVEXITY), labels | moving, attributes), result, CONVEXITY)


def last_layer_convexity(result: xr.Dataset, split: str | None = None) -> xr.Dataset:
    """The last layer's convexity beside what theory promises of it: an exact test of any network's measurement.

    Where an untied linear layer gives the outputs, these are affine in its weights, and a loss that is convex in the
    outputs (cross-entropy, squared error) is convex along this layer's cut, whatever the network below it is. A verdict
    "not convex" then means that the measurement is wrong.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`, with the sweep `single`.
        split: Which split, where there are several.

    Returns:
        As `convexity`, with the rows of that layer alone. `attrs["applies"]` is 1 where theory promises convexity, else
        0; `attrs["note"]` says why. Where it promises nothing the rows are those of the last layer in layer order.

    Raises:
        InputError: No row moves the last layer alone.
    """
    record = measurement_of(result).record
    of_readout, note = _promised_layers(record)
    wanted = of_readout or {record.layers[-1].label}
    rows = [group.label for group in record.grid.groups if set(group.layers) <= wanted]
    if not rows:
        raise InputError(
            "a row that moves only the last layer",
            f"sweeps {sorted({group.sweep for group in record.grid.groups})}",
            "last_layer_convexity(result)",
            "measure with sweep='single'",
        )
    found = convexity(result, split).sel(moving=rows)
    return found.assign_attrs(applies=int(bool(of_readout)), note=note)


def _promised_layers(record: Record) -> tuple[set[str], str]:
    """The layers that hold nothing but weights of the readout, where the loss is convex in the outputs; and why."""
    readout = record.readout
    if readout is None:
        return set(), "the run does not say what its last layer is: it was made by an earlier version"
    if not readout.convex_loss:
        return set(), f"nothing is known of how the loss {record.settings.loss} depends on the outputs"
    layers = {layer.label for layer in record.layers if set(layer.keys) <= set(readout.keys)}
    if readout.keys and not layers:
        return set(), f"{readout.note}, but it stands in one layer with other weights"
    return layers, readout.note


def _array(cuts: list[CutConvexity], field: str) -> np.ndarray:
    return np.array(list(map(attrgetter(field), cuts)))
