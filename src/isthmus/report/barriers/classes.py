"""Which classes suffer: what averaging costs each class, layer by layer."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.report.shown import CutEstimate, shown_estimates
from isthmus.report.values import RISES, values_shown
from isthmus.results.rows import in_split, labels

if TYPE_CHECKING:
    import xarray as xr


def class_cells(classes: "xr.Dataset", value: str, split: str | None) -> dict[tuple[str, str, str], CutEstimate]:
    """The rises or barriers of every class.

    Args:
        classes: Rises and barriers over (label, host, moving), perhaps with splits.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (given in percentage points).
        split: Which split.

    Returns:
        For every (class name, layer, host) its number.
    """
    part = in_split(classes, split).transpose("label", "host", "moving", ...)
    names = dict(zip(labels(part, "label"), class_names(classes), strict=True))
    estimates = shown_estimates(part, value)
    return {
        (names[label], layer, host): CutEstimate(layer, host, one) for (label, host, layer), one in estimates.items()
    }


def class_values(classes: "xr.Dataset") -> list[str]:
    """What is shown of every class.

    Args:
        classes: Rises and barriers of every class.

    Returns:
        The rises; the barriers where there is no rise that is a number, as in files of earlier versions.
    """
    known = [value for value in RISES if value in classes and not np.isnan(classes[value].values).all()]
    return known or values_shown(classes)


def class_names(classes: "xr.Dataset") -> tuple[str, ...]:
    """Names of the classes, numbers where they have none; made different by their number if they are not.

    Args:
        classes: Barriers of every class.

    Returns:
        One name for each label.
    """
    numbers = labels(classes, "label")
    if "label_name" not in classes.coords:
        return numbers
    names = labels(classes, "label_name")
    unique = len(set(names)) == len(names)
    return names if unique else tuple(f"{name} ({number})" for name, number in zip(names, numbers, strict=True))
