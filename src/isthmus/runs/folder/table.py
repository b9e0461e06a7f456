"""`results.parquet` and its neighbours: results as plain tables, one row for each cell."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import xarray as xr

from isthmus.gate.door import parsing
from isthmus.results.variables import COORDINATES, DIMENSIONS, LAYER, VARIABLES
from isthmus.runs.folder.layout import DIRECTION_TABLE, REFINED_TABLE, Layout
from isthmus.sealed import load_table, save_table

BESIDE = {DIRECTION_TABLE: ("draw", "fraction"), REFINED_TABLE: ("refined",)}
"""Files for variables over further dimensions, beside the rows of (host, moving, alpha)."""


def results_frame(result: xr.Dataset, split: str) -> pd.DataFrame:
    """A result as a table: columns named as its variables and coordinates, values repeated where they vary less.

    Args:
        result: A result or the barriers of every class.
        split: What to write in the column `split` where the result has no such dimension.

    Returns:
        One row for each combination of the dimensions, in their order.
    """
    whole = result if "split" in result.dims else result.expand_dims(split=[split])
    order = [name for name in DIMENSIONS if name in whole.dims]
    return whole.to_dataframe(dim_order=order).reset_index()


def save_tables(result: xr.Dataset, split: str, folder: Path) -> None:
    """Write a result as `results.parquet` and, where it has further dimensions, the files of `BESIDE`.

    Args:
        result: Of a measurement.
        split: As for `results_frame`.
        folder: The run folder.
    """
    for name, dims in BESIDE.items():
        if dims[-1] in result.dims:
            own = [key for key, values in result.data_vars.items() if dims[-1] in values.dims]
            save_results(
                result[own].drop_vars(["sweep", "layers_moved", "rise_alpha"]), split, Layout(folder).beside(name)
            )
    save_results(rows_alone(result), split, Layout(folder).results)


def rows_alone(result: xr.Dataset) -> xr.Dataset:
    """A result without the variables that vary beside the rows of (host, moving, alpha).

    Args:
        result: Of a measurement.

    Returns:
        What `results.parquet` holds.
    """
    return result.drop_dims([dim for dims in BESIDE.values() for dim in dims if dim in result.dims])


def load_tables(folder: Path) -> xr.Dataset:
    """Read back what `save_tables` wrote.

    Args:
        folder: The run folder.

    Returns:
        The result without attributes.
    """
    result = load_results(Layout(folder).results)
    for file in map(Layout(folder).beside, BESIDE):
        if file.is_file():
            result = result.merge(load_results(file), join="exact")
    return result


def save_results(result: xr.Dataset, split: str, file: Path) -> None:
    """Write a result as Parquet; it is whole if it is there.

    Args:
        result: A result or the barriers of every class.
        split: As for `results_frame`.
        file: Where.
    """
    table = pa.Table.from_pandas(results_frame(result, split), preserve_index=False)
    # pandas' metadata holds its version, with which the bytes would change.
    save_table(table.replace_schema_metadata(None), file)


def load_results(file: Path) -> xr.Dataset:
    """Read a table back into the labelled result that it was written from.

    Args:
        file: From `save_results`.

    Returns:
        The result without attributes; `split` is a dimension only if there are several.
    """
    with parsing("results as isthmus writes them", str(file), "measure again into a new folder"):
        frame = load_table(file).to_pandas()
        order = [name for name in DIMENSIONS if name in frame]
        labels = {name: frame[name].drop_duplicates().to_numpy() for name in order}
        result = xr.Dataset(coords=labels)
        for name in (column for column in frame.columns if column not in order):
            own = VARIABLES[name].dimensions
            is_coordinate = VARIABLES[name] in COORDINATES
            common = is_coordinate or own == LAYER
            dims = [d for d in order if d in own or (d in {"split", "label"} and not common)]
            cells = frame[name].to_numpy().reshape([len(labels[d]) for d in order])
            values = cells[tuple(slice(None) if d in dims else 0 for d in order)]
            result = (
                result.assign_coords({name: (dims, values)}) if is_coordinate else result.assign({name: (dims, values)})
            )
        return result if result.sizes["split"] > 1 else result.isel(split=0, drop=True)
