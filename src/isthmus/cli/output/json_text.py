"""A result as JSON."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

STRUCTURED = frozenset({"settings", "self_checks", "warnings", "notes", "unidentified", "members"})


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
    return json.dumps({"attributes": plain_attributes(result.attrs), "rows": clean}, indent=1)


def plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes that strict JSON can hold.

    Args:
        attributes: Of a result; lists and settings are JSON in them, since a Dataset's attributes are texts.

    Returns:
        The same with those as what they are.
    """
    return {
        str(name): json.loads(value) if name in STRUCTURED and value else plain_number(value)
        for name, value in attributes.items()
    }


def plain_number(value: Any) -> Any:
    """A value that strict JSON can hold: numpy's numbers as Python's, NaN and infinities as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
