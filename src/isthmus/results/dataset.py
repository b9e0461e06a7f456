"""From per-example results to the labelled result."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from isthmus.measures.averaging import averaging_alpha
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.sequential import AskedPrecision
from isthmus.measures.ratio import per_unit
from isthmus.results.labelled import labelled
from isthmus.results.split import class_variables, split_variables
from isthmus.results.variables import LOSS, Values, with_dimensions
from isthmus.sweeps.grid import Grid

if TYPE_CHECKING:
    from isthmus.measures.distance import LayerDistance


def layer_variables(distances: "list[LayerDistance]") -> Values:
    """The variables that no data enters: distance and angle of every moving group.

    Args:
        distances: One a moving group.

    Returns:
        Name -> values.
    """
    return {
        "distance": np.array([d.distance for d in distances]),
        "relative_distance": np.array([d.relative_distance for d in distances]),
        "cosine": np.array([d.cosine for d in distances]),
        "cosine_status": np.array([d.status for d in distances], dtype=object),
        "num_parameters": np.array([d.num_parameters for d in distances], dtype=np.int64),
    }


def result_dataset(
    grid: Grid,
    tables: Mapping[str, ExampleTable],
    baseline: Baseline,
    layers: Values,
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
    parts = [xr.Dataset(with_dimensions(split_variables(grid, table, baseline, asked))) for table in tables.values()]
    if len(parts) == 1:
        result = parts[0]
    else:
        # All splits have the rows of one grid; others would be a fault, not to be filled up.
        result = xr.concat(parts, dim="split", join="exact", combine_attrs="drop").assign_coords(split=list(tables))
    coordinates: Values = {
        "host": list(grid.hosts),
        "moving": [group.label for group in grid.groups],
        "alpha": np.array(grid.alphas, dtype=np.float64),
        "sweep": np.array([group.sweep for group in grid.groups], dtype=object),
        "layers_moved": np.array(["+".join(group.layers) for group in grid.groups], dtype=object),
    }
    if grid.directions is not None:
        draws, fractions = np.arange(grid.directions.random.shape[2]), list(grid.directions.fractions)
        coordinates |= {"draw": draws, "fraction": fractions}
    if grid.refined is not None:
        coordinates |= {"refined": np.arange(grid.refined.rows.shape[2]), "refined_alpha": grid.refined.alphas}
    coordinates["rise_alpha"] = averaging_alpha(grid.alphas)
    result = result.assign(with_dimensions(layers)).assign(_per_size(result[LOSS.rises["rise"].name], layers))
    result = result.assign_coords(with_dimensions(coordinates)).assign_attrs(attributes)
    return labelled(unmark_where_nothing_moves(result, result["distance"]))


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


def _per_size(rise: xr.DataArray, layers: Values) -> dict[str, xr.DataArray]:
    """The rises per squared unit of distance and per parameter; `moving` is the last dimension."""
    sizes = {
        "loss_rise_per_squared_distance": layers["distance"] ** 2,
        "loss_rise_per_parameter": layers["num_parameters"].astype(np.float64),
    }
    return {name: rise.copy(data=per_unit(rise.values, size)) for name, size in sizes.items()}


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
            # A class without examples in this split has no numbers: NaN once it is joined with the others.
            by_label.append(xr.Dataset(with_dimensions(class_variables(grid, part, baseline) if fewest else {})))
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
