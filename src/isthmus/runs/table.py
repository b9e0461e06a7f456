"""`results.parquet` and `classes.parquet`: results as plain tables, one row a cell."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from isthmus.runs.result import CUT, LAYER, ROW
from isthmus.runs.store import save_parquet

RESULTS_FILE = "results.parquet"
CLASSES_FILE = "classes.parquet"
DIMENSIONS = ("pair", "step", "split", "label", "host", "moving", "alpha")
LABEL = ("label",)
COORDINATES = frozenset({"sweep", "layers_moved", "label_name"})
DIMENSIONS_OF = {
    **dict.fromkeys(("loss", "error_rate", "loss_excess", "error_excess"), ROW),
    **dict.fromkeys(("distance", "relative_distance", "cosine", "cosine_status", "num_parameters"), LAYER),
    **dict.fromkeys(("sweep", "layers_moved"), LAYER),
    **dict.fromkeys(("loss_a", "loss_b", "error_a", "error_b", "num_end_examples"), ()),
    "label_name": LABEL,
}
"""Dimensions of each column, besides split and label; those not named belong to a cut."""


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


def save_results(result: xr.Dataset, split: str, file: Path) -> None:
    """Write a result as Parquet; it is whole if it is there.

    Args:
        result: A result or the barriers of every class.
        split: As for `results_frame`.
        file: Where.
    """
    table = pa.Table.from_pandas(results_frame(result, split), preserve_index=False)
    save_parquet(table.replace_schema_metadata(None), file)


def load_results(file: Path) -> xr.Dataset:
    """Read a table back into the labelled result that it was written from.

    Args:
        file: From `save_results`.

    Returns:
        The result without attributes; `split` is a dimension only if there are several.
    """
    frame = pq.read_table(file).to_pandas()
    order = [name for name in DIMENSIONS if name in frame]
    labels = {name: frame[name].drop_duplicates().to_numpy() for name in order}
    result = xr.Dataset(coords=labels)
    for name in (column for column in frame.columns if column not in order):
        own = DIMENSIONS_OF.get(name, CUT)
        dims = [d for d in order if d in own or (d in {"split", "label"} and own not in {LAYER, LABEL})]
        cells = frame[name].to_numpy().reshape([len(labels[d]) for d in order])
        values = cells[tuple(slice(None) if d in dims else 0 for d in order)]
        result = (
            result.assign_coords({name: (dims, values)})
            if name in COORDINATES
            else result.assign({name: (dims, values)})
        )
    return result if result.sizes["split"] > 1 else result.isel(split=0, drop=True)
