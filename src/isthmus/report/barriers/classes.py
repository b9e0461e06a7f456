"""Which classes suffer: what averaging costs each class, layer by layer."""

import html
import math
from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.plotly_parts import colour_axis, label_pixels, shown_name
from isthmus.report.picture import Interactive
from isthmus.report.shown import CutEstimate, shown_estimates
from isthmus.report.values import RISES, barrier_beside, is_rise, value_words, values_shown
from isthmus.results.rows import in_split, labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

ROW_PIXELS = 22


def class_heatmap(classes: "xr.Dataset", host: str, value: str, unit: str, split: str | None = None) -> Interactive:
    """Layers down, classes across, for one host.

    Args:
        classes: Rises and barriers over (label, host, moving), perhaps with splits.
        host: Which host.
        value: Of `class_values`.
        unit: Its unit.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    cells, words, names = class_cells(classes, value, split), value_words(value), class_names(classes)
    beside = class_cells(classes, barrier_beside(value), split) if is_rise(value) else {}
    moving = labels(classes, "moving")
    rows = [*([FULL_NETWORK] if FULL_NETWORK in moving else []), *(row for row in moving if row != FULL_NETWORK)]
    layers = [
        abs(cell.estimate.value)
        for cell in cells.values()
        if cell.layer != FULL_NETWORK and math.isfinite(cell.estimate.value)
    ]
    limit = max(layers, default=0.0) or 1.0
    shown = [[cells[name, row, host] for name in names] for row in rows]
    trace = {
        "type": "heatmap",
        "x": [html.escape(name) for name in names],
        "y": [shown_name(row) for row in rows],
        "z": [[cell.estimate.value if math.isfinite(cell.estimate.value) else None for cell in row] for row in shown],
        "hovertext": [
            [
                f"{shown_name(cell.layer)} into {html.escape(host)}<br>class {html.escape(name)}"
                f"<br>{words} {cell.estimate.text} {html.escape(unit)}<br>95 % interval {cell.estimate.interval_text}"
                + (f"<br>barrier {beside[name, cell.layer, host].estimate.text}" if beside else "")
                + (f"<br>carried by fewer than {FEW} examples" if not cell.estimate.trusted else "")
                for name, cell in zip(names, row, strict=True)
            ]
            for row in shown
        ],
        "hoverinfo": "text",
        "hoverongaps": True,
        "coloraxis": "coloraxis",
        "xgap": 1,
        "ygap": 1,
    }
    layout: Interactive = {
        "height": ROW_PIXELS * len(rows) + 190,
        "margin": {"l": label_pixels(rows), "r": 15, "t": 90, "b": 70},
        "xaxis": {"side": "top", "type": "category", "dtick": 1, "showgrid": False, "tickangle": -45},
        "yaxis": {"type": "category", "range": [len(rows) - 0.5, -0.5], "dtick": 1, "showgrid": False},
        "coloraxis": colour_axis(limit, html.escape(f"{words} into {host} ({unit})")),
    }
    return {"data": [trace], "layout": layout, "min_width": label_pixels(rows) + 30 * len(names) + 15}


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
