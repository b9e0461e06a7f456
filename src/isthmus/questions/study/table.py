"""Every variable of a study in one plain table, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

TEXT = "text"
PlainColumn = np.ndarray[tuple[int], np.dtype[Any]]


def study_columns(study: xr.Dataset) -> dict[str, PlainColumn]:
    """Every coordinate and variable as a column; values are repeated where they vary less.

    Args:
        study: Dimensions of at least one element each; numbers, truth values and text.

    Returns:
        Name -> one value for each combination of all dimensions, in their order; a single row where there are none.

    Example:
        >>> study = xr.Dataset({"loss": ("sigma", [1.0, 2.0]), "length": 3}, {"sigma": [0, 1]})
        >>> {name: column.tolist() for name, column in study_columns(study).items()}
        {'sigma': [0, 1], 'loss': [1.0, 2.0], 'length': [3, 3]}
    """
    sizes = study.sizes
    shape = tuple(sizes.values())
    assert all(shape), "no dimension of a study is empty"

    def column(variable: xr.Variable) -> PlainColumn:
        present = [name for name in sizes if name in variable.dims]
        place = tuple(slice(None) if name in present else None for name in sizes)
        return np.broadcast_to(variable.transpose(*present).values[place], shape).ravel()

    names = sorted(map(str, study.variables), key=lambda name: (name not in sizes, name in study.data_vars))
    return {name: column(study.variables[name]) for name in names}


def study_layout(study: xr.Dataset) -> dict[str, Any]:
    """What the columns do not say: sizes of the dimensions, and dimensions, type and role of every variable.

    Args:
        study: As `study_columns`.

    Returns:
        Plain values for JSON.
    """
    variables = {
        str(name): {
            "dims": list(variable.dims),
            "type": _type_name(variable.values),
            "role": "coordinate" if name in study.coords else "variable",
        }
        for name, variable in study.variables.items()
    }
    return {"sizes": {str(name): size for name, size in study.sizes.items()}, "variables": variables}


def study_dataset(columns: Mapping[str, PlainColumn], layout: Mapping[str, Any]) -> xr.Dataset:
    """The study of columns and layout: the inverse of `study_columns` and `study_layout`.

    Args:
        columns: Name -> values.
        layout: From `study_layout`.

    Returns:
        The study without attributes.

    Raises:
        KeyError: A column of the layout is missing.
        ValueError: The columns have another number of rows than the layout says.
    """
    sizes: dict[str, int] = layout["sizes"]
    coordinates: dict[str, xr.Variable] = {}
    variables: dict[str, xr.Variable] = {}
    for name, entry in layout["variables"].items():
        present = [dimension for dimension in sizes if dimension in entry["dims"]]
        cells = columns[name].reshape(tuple(sizes.values()))
        values = cells[tuple(slice(None) if dimension in present else 0 for dimension in sizes)]
        typed = np.asarray(values, dtype=object if entry["type"] == TEXT else entry["type"])
        target = coordinates if entry["role"] == "coordinate" else variables
        target[name] = xr.Variable(present, typed).transpose(*entry["dims"])
    return xr.Dataset(variables, coordinates)


def _type_name(values: np.ndarray[Any, np.dtype[Any]]) -> str:
    if values.dtype.kind in "biuf":
        return str(values.dtype)
    assert all(isinstance(value, str) for value in values.ravel().tolist()), "numbers, truth values or text"
    return TEXT
