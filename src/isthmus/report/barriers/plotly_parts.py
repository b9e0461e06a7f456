"""What the interactive pictures share: hover text, rows set apart, colours, numbers that JSON can hold."""

import html
import math
from collections.abc import Sequence

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report import style
from isthmus.report.barriers.table import BarrierTable
from isthmus.report.picture import Interactive
from isthmus.report.shown import CutBarrier
from isthmus.report.values import RISES

# Red for positive, blue for negative, white at zero: the static pictures' colours.
COLOUR_SCALE = [
    [0.0, "#053061"],
    [0.125, "#2a71b2"],
    [0.25, "#6bacd1"],
    [0.375, "#c2ddec"],
    [0.5, "#f7f6f6"],
    [0.625, "#fbccb4"],
    [0.75, "#e48066"],
    [0.875, "#ba2832"],
    [1.0, "#67001f"],
]


def rows_layout(table: BarrierTable, row_pixels: float, gap_pixels: float, bottom_pixels: int) -> Interactive:
    """Two panels below one another: the full network, and every layer with the same height of a row.

    Args:
        table: The barriers.
        row_pixels: Height of a row.
        gap_pixels: Height of the gap between the panels.
        bottom_pixels: Room below for an axis or a colour bar.

    Returns:
        A layout with height, margins and the axes `yaxis` and `yaxis2`.
    """
    num_layers = len(table.layers)
    inner = row_pixels * (1 + num_layers) + gap_pixels * bool(num_layers)
    # plotly would put labels that look like numbers on a scale.
    rows = {"type": "category", "dtick": 1, "showgrid": False, "fixedrange": True}
    layout: Interactive = {
        "height": inner + 40 + bottom_pixels,
        "margin": {"l": label_pixels(table.rows), "r": 15, "t": 40, "b": bottom_pixels},
        "yaxis": rows | {"range": [0.5, -0.5], "domain": [1 - row_pixels / inner, 1]},
    }
    if num_layers:
        layout["yaxis2"] = rows | {"range": [num_layers - 0.5, -0.5], "domain": [0, row_pixels * num_layers / inner]}
    return layout


def colour_axis(limit: float, title: str) -> Interactive:
    """The diverging colours with their bar below the picture.

    Args:
        limit: Where they end in both directions.
        title: What they show.

    Returns:
        A plotly colour axis.
    """
    bar = {
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "thickness": 10,
        "outlinewidth": 0,
        "title": {"text": title, "side": "bottom"},
        "nticks": 5,
    }
    return {"colorscale": COLOUR_SCALE, "cmin": -limit, "cmax": limit, "colorbar": bar}


def undefined_cells(cells: Sequence[Sequence[CutBarrier]], columns: Sequence[str], axis: str) -> Interactive:
    """Grey cells where a number is NaN; they lie under the heat map, which leaves them open.

    Args:
        cells: Rows of barriers.
        columns: Names of the columns.
        axis: The row axis, such as `"y2"`.

    Returns:
        A plotly trace.
    """
    grey = style.UNDEFINED_FILL
    return {
        "type": "heatmap",
        "x": list(columns),
        "y": [shown_name(row[0].layer) for row in cells],
        "z": [[0 if cell.estimate.is_nan else None for cell in row] for row in cells],
        "colorscale": [[0, grey], [1, grey]],
        "showscale": False,
        "hoverinfo": "skip",
        "xgap": 1,
        "ygap": 1,
        "yaxis": axis,
    }


def label_pixels(rows: Sequence[str]) -> int:
    """The room that row labels need.

    Args:
        rows: Labels of `moving`.

    Returns:
        An upper estimate.
    """
    return 24 + round(6.6 * max(len(style.row_name(row)) for row in rows))


def hover(cell: CutBarrier, table: BarrierTable, barriers: BarrierTable | None = None) -> str:
    """What a cell says under the pointer: layer, host, value, interval, alpha.

    Args:
        cell: The rise or barrier.
        table: Its table.
        barriers: Those beside a rise.

    Returns:
        Text with line breaks, names escaped.
    """
    notes = (["maximum at an end of the cut"] if cell.at_end else []) + (
        [f"carried by fewer than {FEW} examples"] if not cell.estimate.trusted else []
    )
    lines = [
        f"{shown_name(cell.layer)} into {html.escape(cell.host)}",
        f"{table.name} {cell.estimate.text} {html.escape(table.unit)}",
        f"95 % interval {cell.estimate.interval_text}",
        f"{'' if table.value in RISES else 'largest '}at alpha {cell.alpha:g}",
    ]
    if barriers is not None:
        beside = barriers.cells[cell.layer, cell.host]
        lines.append(f"barrier {beside.estimate.text} {beside.estimate.interval_text}")
    return "<br>".join(lines + notes)


def shown_name(row: str) -> str:
    """A row's name with every sign escaped that plotly would read as markup.

    Args:
        row: A label of `moving`.

    Returns:
        The name.
    """
    return html.escape(style.row_name(row))


def finite(value: float, limit: float = math.nan) -> float | None:
    """A number that JSON can hold.

    Args:
        value: Any float.
        limit: What stands for an infinite one; NaN for leaving it out.

    Returns:
        The number; None for NaN.
    """
    if math.isinf(value) and not math.isnan(limit):
        return math.copysign(limit, value)
    return value if math.isfinite(value) else None
