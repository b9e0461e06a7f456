"""The pictures of the page, for a pointer to move over: each a plotly figure, colours of the page set by the page."""

import html
from typing import TYPE_CHECKING

from isthmus.measures.estimate import number_text
from isthmus.report import style
from isthmus.report.barriers.bars import panel_limits
from isthmus.report.barriers.curves import curve_value, shown_curves
from isthmus.report.barriers.distances import DISTANCES
from isthmus.report.barriers.plotly_parts import (
    colour_axis,
    finite,
    hover,
    label_pixels,
    rows_layout,
    shown_name,
    undefined_cells,
)
from isthmus.report.barriers.table import barrier_table
from isthmus.report.picture import Interactive
from isthmus.report.rows.groups import column_name, group_axis_label, groups_beside
from isthmus.report.shown import CutBarrier
from isthmus.report.values import barrier_beside, is_rise
from isthmus.results.curves import Curve
from isthmus.results.rows import labels, layer_labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

ROW_PIXELS = 22
WIDE_PIXELS = 480


def heatmap(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Interactive:
    """Layers down, hosts across, coloured like the static heat map; barriers beside rises.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    tables = groups_beside(result, value, split)
    table, limit = tables[0], style.colour_limit(tables[0])
    columns = [(shown, host) for shown in tables for host in table.hosts]
    names = [html.escape(column_name(shown, host, len(tables))).replace("\n", "<br>") for shown, host in columns]
    panels: list[Interactive] = []
    for axis, rows in (("", [FULL_NETWORK]), ("2", list(table.layers))):
        cells = [[shown.cells[row, host] for shown, host in columns] for row in rows]
        panels.append(undefined_cells(cells, names, f"y{axis}"))
        panels.append({
            "type": "heatmap",
            "x": names,
            "y": [shown_name(row) for row in rows],
            "z": [[finite(cell.estimate.value, limit) for cell in row] for row in cells],
            "text": [[cell.estimate.text + cell.marks for cell in row] for row in cells],
            "texttemplate": "%{text}",
            "hovertext": [[hover(shown.cells[row, host], shown) for shown, host in columns] for row in rows],
            "hoverinfo": "text",
            "hoverongaps": True,
            "coloraxis": "coloraxis",
            "xgap": 1,
            "ygap": 1,
            "yaxis": f"y{axis}",
        })
    layout = rows_layout(table, ROW_PIXELS, gap_pixels=ROW_PIXELS / 2, bottom_pixels=70)
    layout["xaxis"] = {"side": "top", "showgrid": False, "anchor": "y", "type": "category", "fixedrange": True}
    layout["coloraxis"] = colour_axis(limit, html.escape(group_axis_label(tables)))
    return {"data": panels, "layout": layout, "min_width": label_pixels(table.rows) + 80 * len(names) + 15}


def bars(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Interactive:
    """A bar and its interval for every layer and host, a diamond for the barrier; the full network on its own axis.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    table, *others = groups_beside(result, value, split)
    barriers = others[0] if others else None
    traces: list[Interactive] = []
    limits: dict[str, list[float]] = {}
    for axis, rows in (("", [FULL_NETWORK]), ("2", list(table.layers))):
        beside = [] if barriers is None else [barriers.row(row) for row in rows]
        limits[axis] = list(panel_limits([table.row(row) for row in rows], beside))
        for i, host in enumerate(table.hosts):
            cells = [table.cells[row, host] for row in rows]
            place: Interactive = {
                "y": [shown_name(row) for row in rows],
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "offsetgroup": str(i),
                "hovertext": [hover(cell, table, barriers) for cell in cells],
                "hoverinfo": "text",
            }
            traces.append(place | _bar(cells, host, is_first=axis == ""))
            if barriers is not None:
                of_host = [barriers.cells[row, host] for row in rows]
                traces.append(place | _diamonds(of_host, host, limits[axis], is_first=axis == "" and i == 0))
    layout = rows_layout(table, ROW_PIXELS + 10 * (len(table.hosts) > 1), gap_pixels=75, bottom_pixels=50)
    layout |= {"barmode": "group", "bargap": 0.25, "legend": {"orientation": "h", "y": 1, "yanchor": "bottom"}}
    layout["scattermode"] = "group"
    own = {"text": "full network, own scale", "standoff": 4}
    layout["xaxis"] = {"anchor": "y", "title": own, "zeroline": True, "range": limits[""]}
    layers_title = {"text": html.escape(table.axis_label), "standoff": 4}
    if table.layers:
        layout["xaxis2"] = {"anchor": "y2", "title": layers_title, "zeroline": True, "range": limits["2"]}
    return {"data": traces, "layout": layout, "min_width": WIDE_PIXELS}


def _bar(cells: list[CutBarrier], host: str, *, is_first: bool) -> Interactive:
    return {
        "type": "bar",
        "orientation": "h",
        "name": f"into {host}",
        "legendgroup": host,
        "showlegend": is_first,
        "x": [finite(cell.estimate.value) for cell in cells],
        "error_x": {
            "type": "data",
            "array": [finite(cell.estimate.high - cell.estimate.value) for cell in cells],
            "arrayminus": [finite(cell.estimate.value - cell.estimate.low) for cell in cells],
            "thickness": 1.2,
            "color": "#7d7d7d",
            "width": 2,
        },
        "marker": {
            "color": style.HOST_COLOURS[host],
            "pattern": {
                "shape": "/" if style.HOST_HATCHES[host] else "",
                "fgcolor": "white",
                "fillmode": "overlay",
                "size": 6,
            },
        },
        "textposition": "none",
    }


def _diamonds(barriers: list[CutBarrier], host: str, limits: list[float], *, is_first: bool) -> Interactive:
    """Diamonds where barriers are, triangles at the end of the axis for those beyond."""
    values = [cell.estimate.value for cell in barriers]
    at = [min(max(value, limits[0]), limits[1]) for value in values]
    beyond = {-1: "triangle-left", 0: "diamond", 1: "triangle-right"}
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": "barrier",
        "legendgroup": "barrier",
        "showlegend": is_first,
        "x": [finite(x) for x in at],
        "cliponaxis": False,
        "marker": {
            "symbol": [
                beyond[(cell.estimate.value > x) - (cell.estimate.value < x)]
                for cell, x in zip(barriers, at, strict=True)
            ],
            "size": 6,
            "color": "white",
            "line": {"color": style.HOST_COLOURS[host], "width": 1},
        },
    }


def curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Interactive:
    """The rise over the host, or the excess, along alpha; one column a host, the full network above.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_rise"` (with the baseline of the barriers as a dotted line), `"loss_barrier"`, or the same of the
            error.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    table, barriers = barrier_table(result, curve_value(result, value), split), None
    if is_rise(value):
        barriers = barrier_table(result, barrier_beside(value), split)
    (curve, baseline), what = shown_curves(result, value, split), "rise" if is_rise(value) else "excess"
    alpha = [float(x) for x in result["alpha"].values]
    layout: Interactive = {"height": 560 if table.layers else 320, "showlegend": False, "hovermode": "closest"}
    layout["margin"] = {"l": 70, "r": 20, "t": 40, "b": 50}
    layout["grid"] = {"rows": 2 if table.layers else 1, "columns": len(table.hosts), "pattern": "independent"}
    traces: list[Interactive] = []
    for j, host in enumerate(table.hosts):
        for i, row in enumerate(table.rows):
            axis = j + 1 + len(table.hosts) * (row != FULL_NETWORK)
            depth = 0.92 * (i - 1) / max(len(table.layers) - 1, 1)
            colour = "#8a8a8a" if row == FULL_NETWORK else to_hex(colormaps[style.DEPTH](max(depth, 0.0)))
            values = [float(x) for x in curve[row, host]]
            shown = (barriers or table).cells[row, host].estimate
            digits = table.cells[row, host].estimate.decimals
            traces.append({
                "type": "scatter",
                "mode": "lines+markers",
                "x": alpha,
                "y": [finite(x) for x in values],
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "line": {"color": colour, "width": 2.5 if row == FULL_NETWORK else 1.2},
                "marker": {"size": 5},
                "connectgaps": False,
                "hoverinfo": "text",
                "hovertext": [
                    f"{shown_name(row)} into {html.escape(host)}<br>alpha {x:g}<br>{what} {number_text(y, digits)} "
                    f"{html.escape(table.unit)}"
                    f"<br>barrier {shown.text} {shown.interval_text}"
                    for x, y in zip(alpha, values, strict=True)
                ],
            })
        panels = ((j + 1, "full network"), (j + 1 + len(table.hosts), "one layer"))[: 1 + bool(table.layers)]
        traces += [_baseline(alpha, baseline[host], axis) for axis, _ in panels if host in baseline]
        for axis, words in panels:
            unit = html.escape(table.unit)
            layout[f"xaxis{axis}"] = {"title": {"text": f"alpha (0 is {html.escape(host)})", "standoff": 4}}
            layout[f"yaxis{axis}"] = {"title": {"text": f"{words} ({unit})" if j == 0 else ""}, "zeroline": True}
            if words == "full network" and table.layers:
                layout[f"xaxis{axis}"] = {"title": {"text": f"into {html.escape(host)}", "standoff": 4}}
    return {"data": traces, "layout": layout, "min_width": WIDE_PIXELS}


def _baseline(alpha: list[float], line: Curve, axis: int) -> Interactive:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": alpha,
        "y": [finite(float(y)) for y in line],
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {"color": "#8a8a8a", "width": 1, "dash": "dot"},
        "hoverinfo": "text",
        "hovertext": "the baseline that barriers count from",
    }


def distances(result: "xr.Dataset") -> Interactive:
    """L2 distance, relative distance and cosine of every layer.

    Args:
        result: A measurement.

    Returns:
        Data and layout for plotly.
    """
    moving = list(labels(result, "moving"))
    rows = [FULL_NETWORK, *layer_labels(result)]
    status = result["cosine_status"].values if "cosine_status" in result else None
    traces: list[Interactive] = []
    layout: Interactive = {"height": ROW_PIXELS * len(rows) + 110, "showlegend": False}
    layout["margin"] = {"l": label_pixels(rows), "r": 15, "t": 10, "b": 50}
    layout["grid"] = {"rows": 1, "columns": 3, "subplots": [["xy", "x2y", "x3y"]]}
    layout["yaxis"] = {"type": "category", "autorange": "reversed", "dtick": 1, "automargin": False}
    for j, (variable, title) in enumerate(DISTANCES.items()):
        values = [float(result[variable].values[moving.index(row)]) for row in rows]
        words = [f"{value:.6g}" for value in values]
        if variable == "cosine" and status is not None:
            stated = [str(status[moving.index(row)]) for row in rows]
            words = [word if text == "defined" else text for word, text in zip(words, stated, strict=True)]
        axis = "" if j == 0 else str(j + 1)
        layout[f"xaxis{axis}"] = {"title": {"text": title}, "zeroline": True}
        traces.append({
            "type": "scatter",
            "mode": "markers",
            "x": [finite(value) for value in values],
            "y": [shown_name(row) for row in rows],
            "xaxis": f"x{axis}",
            "marker": {"color": style.HOST_COLOURS["a"], "size": 7},
            "hoverinfo": "text",
            "hovertext": [
                f"{shown_name(row)}<br>{title}: {html.escape(word)}" for row, word in zip(rows, words, strict=True)
            ],
        })
    return {"data": traces, "layout": layout, "min_width": WIDE_PIXELS}
