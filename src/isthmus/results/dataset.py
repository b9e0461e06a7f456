"""From per-example results to the labelled result."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from isthmus.measures.averaging import averaging_alpha
from isthmus.measures.barrier import Quantity, barrier_of
from isthmus.measures.baseline import Baseline
from isthmus.measures.distance import LayerDistance
from isthmus.measures.examples import ExampleTable, cut_differences, mean_values, num_cut_examples
from isthmus.measures.intervals.sequential import AskedPrecision
from isthmus.measures.ratio import barrier_ratio, per_unit
from isthmus.measures.robustness import Rise, robustness
from isthmus.results.precise import precise_variables
from isthmus.results.rises import rise_variables, share_variables
from isthmus.sweeps.grid import Grid

ROW = ("host", "moving", "alpha")
CUT = ("host", "moving")
LAYER = ("moving",)
REFINED = ("host", "moving", "refined")
FRACTION = ("host", "moving", "fraction")
DRAW = ("host", "moving", "draw", "fraction")
CLASS_VARIABLES = ("num_examples", "loss_barrier", "error_barrier", "loss_rise", "error_rise")
Variables = dict[str, tuple[tuple[str, ...], Any]]


def split_variables(
    grid: Grid, table: ExampleTable, baseline: Baseline, asked: AskedPrecision | None = None
) -> Variables:
    """Every variable of one split, with its dimensions.

    Args:
        grid: The rows.
        table: Per-example results.
        baseline: What the excess is counted from.
        asked: The precision that the examples were drawn for; None where all were used.

    Returns:
        Name -> (dimensions, values); losses in nats, errors as fractions.
    """
    variables = _num_examples(grid, table)
    for quantity in _quantities(table):
        variables |= _quantity_variables(grid, table, quantity, baseline)
        variables |= rise_variables(grid, table, quantity)
        if grid.directions is not None:
            variables |= direction_variables(grid, table, quantity)
    if asked is not None:
        variables |= precise_variables(grid, table, baseline, asked)
    num_population = None if asked is None or table.order is None else len(table.order)
    barrier, is_single = variables["loss_barrier"][1], [len(group.layers) == 1 for group in grid.groups]
    ratio = barrier_ratio(barrier, barrier[:, :1], len(grid.groups[0].layers))
    variables["loss_barrier_ratio"] = (CUT, np.where(is_single, ratio, np.nan))
    return variables | share_variables(grid, table, num_population)


def class_variables(grid: Grid, table: ExampleTable, baseline: Baseline) -> Variables:
    """The variables of the examples of one class.

    Args:
        grid: The rows.
        table: Per-example results of this class.
        baseline: What the excess is counted from.

    Returns:
        Name -> (dimensions, values): number of examples, barriers and rises.
    """
    variables = _num_examples(grid, table)
    for quantity in _quantities(table):
        variables |= _quantity_variables(grid, table, quantity, baseline)
        variables |= rise_variables(grid, table, quantity, ["rise"])
    return {name: values for name, values in variables.items() if name.startswith(CLASS_VARIABLES)}


def _num_examples(grid: Grid, table: ExampleTable) -> Variables:
    counts = [[num_cut_examples(grid, table, h, m) for m in range(len(grid.groups))] for h in range(len(grid.hosts))]
    return {"num_examples": (CUT, np.array(counts, dtype=np.int64))}


def _quantities(table: ExampleTable) -> list[Quantity]:
    return ["loss"] if table.error is None else ["loss", "error"]


def _quantity_variables(grid: Grid, table: ExampleTable, quantity: Quantity, baseline: Baseline) -> Variables:
    cuts = (len(grid.hosts), len(grid.groups))
    excess = np.empty((*cuts, len(grid.alphas)))
    refined = None if grid.refined is None else np.empty(grid.refined.rows.shape)
    numbers = {name: np.empty(cuts) for name in ("value", "low", "high", "alpha", "effective_examples")}
    at_end = np.empty(cuts, dtype=bool)
    for h, m, differences in cut_differences(grid, table, quantity, baseline):
        alphas = grid.cut(h, m)[0]
        barrier = barrier_of(differences, alphas, quantity)
        excess[h, m] = barrier.excess[: len(grid.alphas)]
        if grid.refined is not None and refined is not None:
            at = dict(zip(alphas, barrier.excess, strict=True))
            refined[h, m] = [at[alpha] for alpha in grid.refined.alphas[h, m]]
        at_end[h, m] = barrier.at_end
        for name, array in numbers.items():
            array[h, m] = getattr(barrier, name)
    name = "loss" if quantity == "loss" else "error_rate"
    known = table.num_examples(np.array([0, 1]))
    ends = {host: table.values(quantity)[grid.end(host), :known].mean(dtype=np.float64) for host in ("a", "b")}
    found: Variables = {} if refined is None else {f"{quantity}_refined_excess": (REFINED, refined)}
    if refined is not None and 0.5 in grid.alphas:
        found[f"{quantity}_midpoint_barrier"] = (CUT, excess[..., grid.alphas.index(0.5)])
    if quantity == "loss":
        found["loss_barrier_effective_examples"] = (CUT, numbers["effective_examples"])
    return found | {
        name: (ROW, mean_values(grid, table, quantity)),
        f"{quantity}_excess": (ROW, excess),
        f"{quantity}_barrier": (CUT, numbers["value"]),
        f"{quantity}_barrier_low": (CUT, numbers["low"]),
        f"{quantity}_barrier_high": (CUT, numbers["high"]),
        f"alpha_at_{quantity}_barrier": (CUT, numbers["alpha"]),
        f"{quantity}_barrier_at_end": (CUT, at_end),
        f"{quantity}_a": ((), ends["a"]),
        f"{quantity}_b": ((), ends["b"]),
    }


def direction_variables(grid: Grid, table: ExampleTable, quantity: Quantity) -> Variables:
    """The variables of random directions: see `isthmus.measures.robustness.robustness`.

    Args:
        grid: The rows, with `directions`.
        table: Per-example results.
        quantity: Loss or error.

    Returns:
        Name -> (dimensions, values).
    """
    found = robustness(grid, table, quantity)
    rises: dict[str, Rise] = {"random": found.random_rise, "averaging": found.averaging_rise}
    variables: Variables = {
        f"random_{'loss' if quantity == 'loss' else 'error_rate'}": (DRAW, found.random),
        f"random_{quantity}_rise_spread": (FRACTION, found.spread),
        f"{quantity}_rise_ratio": (FRACTION, found.ratio),
    }
    for kind, rise in rises.items():
        for name, values in (("", rise.value), ("_low", rise.low), ("_high", rise.high)):
            variables[f"{kind}_{quantity}_rise{name}"] = (FRACTION, values)
    return variables


def layer_variables(distances: list[LayerDistance]) -> Variables:
    """The variables that no data enters: distance and angle of every moving group.

    Args:
        distances: One a moving group.

    Returns:
        Name -> (dimensions, values).
    """
    return {
        "distance": (LAYER, np.array([d.distance for d in distances])),
        "relative_distance": (LAYER, np.array([d.relative_distance for d in distances])),
        "cosine": (LAYER, np.array([d.cosine for d in distances])),
        "cosine_status": (LAYER, np.array([d.status for d in distances], dtype=object)),
        "num_parameters": (LAYER, np.array([d.num_parameters for d in distances], dtype=np.int64)),
    }


def result_dataset(
    grid: Grid,
    tables: Mapping[str, ExampleTable],
    baseline: Baseline,
    layers: Variables,
    attributes: Mapping[str, Any],
    asked: AskedPrecision | None = None,
) -> xr.Dataset:
    """The labelled result of a measurement.

    Args:
        grid: The rows.
        tables: Split -> per-example results; with more than one there is a dimension `split`.
        baseline: What the excess is counted from.
        layers: From `layer_variables`.
        attributes: The manifest.
        asked: The precision that the examples were drawn for; None where all were used.

    Returns:
        Dimensions host, moving, alpha and perhaps split.
    """
    parts = [xr.Dataset(split_variables(grid, table, baseline, asked)) for table in tables.values()]
    if len(parts) == 1:
        result = parts[0]
    else:
        result = xr.concat(parts, dim="split", join="exact", combine_attrs="drop").assign_coords(split=list(tables))
    coordinates: dict[str, Any] = {
        "host": list(grid.hosts),
        "moving": [group.label for group in grid.groups],
        "alpha": np.array(grid.alphas, dtype=np.float64),
        "sweep": (LAYER, np.array([group.sweep for group in grid.groups], dtype=object)),
        "layers_moved": (LAYER, np.array(["+".join(group.layers) for group in grid.groups], dtype=object)),
    }
    if grid.directions is not None:
        coordinates |= {"draw": np.arange(grid.directions.random.shape[2]), "fraction": list(grid.directions.fractions)}
    if grid.refined is not None:
        refined = np.arange(grid.refined.rows.shape[2])
        coordinates |= {"refined": refined, "refined_alpha": (REFINED, grid.refined.alphas)}
    coordinates["rise_alpha"] = averaging_alpha(grid.alphas)
    per_size = _per_size(result["loss_rise"], layers)
    result = result.assign(layers | per_size).assign_coords(coordinates).assign_attrs(attributes)
    return unmark_where_nothing_moves(result, result["distance"])


def unmark_where_nothing_moves(result: xr.Dataset, distance: xr.DataArray) -> xr.Dataset:
    """Numbers without spread of layers that are the same in both networks: known exactly, and not carried by none.

    Args:
        result: With any `..._effective_examples`.
        distance: Of the two networks, along `moving`.

    Returns:
        The result with NaN for these numbers of examples.
    """
    numbers = [name for name in result.data_vars if str(name).endswith("_effective_examples")]
    return result.assign({name: result[name].where((result[name] > 0) | (distance != 0)) for name in numbers})


def _per_size(rise: xr.DataArray, layers: Variables) -> Variables:
    """The rises per squared unit of distance and per parameter; `moving` is the last dimension."""
    sizes = {
        "squared_distance": layers["distance"][1] ** 2,
        "parameter": layers["num_parameters"][1].astype(np.float64),
    }
    dims = tuple(str(dim) for dim in rise.dims)
    return {f"loss_rise_per_{name}": (dims, per_unit(rise.values, size)) for name, size in sizes.items()}


def class_dataset(
    grid: Grid,
    tables: Mapping[str, ExampleTable],
    baseline: Baseline,
    class_names: tuple[str, ...] | None,
    distance: xr.DataArray,
) -> xr.Dataset | None:
    """The same barriers counted on the examples of each class alone: which classes suffer when this layer is averaged.

    Where a precision was asked, a class has those of the examples used that belong to it; its intervals are the plain
    ones, for the distribution that the examples come from.

    Args:
        grid: The rows.
        tables: Split -> per-example results.
        baseline: What the excess is counted from.
        class_names: Names by class number, where known.
        distance: Of the two networks, along `moving`.

    Returns:
        Dimensions (split,) label, host, moving, with `label_name` along label; None without classes.
    """
    targets = [table.targets for table in tables.values() if table.targets is not None and table.error is not None]
    if len(targets) < len(tables):
        return None
    labels = np.unique(np.concatenate(targets)).tolist()
    by_split = []
    for table in tables.values():
        by_label = []
        for label in labels:
            part = table.of_class(label)
            fewest = part.num_examples(np.arange(grid.num_points))
            by_label.append(xr.Dataset(class_variables(grid, part, baseline) if fewest else {}))
        by_split.append(xr.concat(by_label, dim="label", data_vars="all", join="outer"))
    classes = by_split[0] if len(by_split) == 1 else xr.concat(by_split, dim="split").assign_coords(split=list(tables))
    names = [class_names[label] if class_names and label < len(class_names) else str(label) for label in labels]
    classes = classes.assign_coords(
        host=list(grid.hosts),
        moving=[group.label for group in grid.groups],
        label=labels,
        label_name=("label", np.array(names, dtype=object)),
    )
    return unmark_where_nothing_moves(classes, distance)
