"""A result as JSON."""

import json
import math
from typing import Any

import numpy as np
import xarray as xr


def json_text(result: xr.Dataset) -> str:
    """The result as strict JSON: its attributes, and one record a (split, host, moving, alpha).

    Args:
        result: From `isthmus.measure`.

    Returns:
        JSON; NaN and infinities are the texts "NaN", "Infinity" and "-Infinity", for JSON has no such numbers.
    """
    from isthmus.runs.folder.table import results_frame

    rows = results_frame(result, result.attrs["splits"]).to_dict(orient="records")
    clean = [{key: plain_number(value) for key, value in row.items()} for row in rows]
    return json.dumps({"attributes": {k: plain_number(v) for k, v in result.attrs.items()}, "rows": clean}, indent=1)


def plain_number(value: Any) -> Any:
    """A value that strict JSON can hold: numpy's numbers as Python's, NaN and infinities as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
