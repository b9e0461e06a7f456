"""The pictures of the page, for a pointer to move over: each a plotly figure, colours of the page set by the page."""

import html
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barrier_table import barrier_table, labels, layer_labels
from isthmus.report.curves import excess_along_alpha
from isthmus.report.distances import DISTANCES
from isthmus.report.plotly_parts import (
    Picture,
    colour_axis,
    finite,
    hover,
    label_pixels,
    rows_layout,
    shown_name,
    undefined_cells,
)
from isthmus.report.shown_barrier import number_text

if TYPE_CHECKING:
    import xarray as xr

ROW_PIXELS = 22
WIDE_PIXELS = 480


def heatmap(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Picture:
    """Layers down, hosts across, coloured like the static heat map.

    Args:
        result: A measurement.
        value: `"loss_barrier"` or `"error_barrier"`.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    table = barrier_table(result, value, split)
    limit, hosts = style.colour_limit(table), [f"into {host}" for host in table.hosts]
    panels: list[Picture] = []
    for axis, rows in (("", ["all"]), ("2", list(table.layers))):
        cells = [table.row(row) for row in rows]
        panels.append(undefined_cells(cells, hosts, f"y{axis}"))
        panels.append({
            "type": "heatmap",
            "x": hosts,
            "y": [shown_name(row) for row in rows],
            "z": [[finite(cell.value, limit) for cell in row] for row in cells],
            "text": [[cell.text + cell.marks for cell in row] for row in cells],
            "texttemplate": "%{text}",
            "hovertext": [[hover(cell, table) for cell in row] for row in cells],
            "hoverinfo": "text",
            "hoverongaps": True,
            "coloraxis": "coloraxis",
            "xgap": 1,
            "ygap": 1,
            "yaxis": f"y{axis}",
        })
    layout = rows_layout(table, ROW_PIXELS, gap_pixels=ROW_PIXELS / 2, bottom_pixels=70)
    layout["xaxis"] = {"side": "top", "showgrid": False, "anchor": "y", "type": "category", "fixedrange": True}
    layout["coloraxis"] = colour_axis(limit, html.escape(table.axis_label))
    return {"data": panels, "layout": layout, "min_width": label_pixels(table.rows) + 80 * len(hosts) + 15}


def bars(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Picture:
    """A bar and its interval for every layer and host; the full network on its own axis.

    Args:
        result: A measurement.
        value: `"loss_barrier"` or `"error_barrier"`.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    table = barrier_table(result, value, split)
    traces: list[Picture] = []
    for axis, rows in (("", ["all"]), ("2", list(table.layers))):
        for i, host in enumerate(table.hosts):
            cells = [table.cells[row, host] for row in rows]
            traces.append({
                "type": "bar",
                "orientation": "h",
                "name": f"into {host}",
                "legendgroup": host,
                "showlegend": axis == "",
                "x": [finite(cell.value) for cell in cells],
                "y": [shown_name(row) for row in rows],
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "offsetgroup": str(i),
                "error_x": {
                    "type": "data",
                    "array": [finite(cell.high - cell.value) for cell in cells],
                    "arrayminus": [finite(cell.value - cell.low) for cell in cells],
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
                "hovertext": [hover(cell, table) for cell in cells],
                "hoverinfo": "text",
                "textposition": "none",
            })
    layout = rows_layout(table, ROW_PIXELS + 10 * (len(table.hosts) > 1), gap_pixels=75, bottom_pixels=50)
    layout |= {"barmode": "group", "bargap": 0.25, "legend": {"orientation": "h", "y": 1, "yanchor": "bottom"}}
    layout["xaxis"] = {"anchor": "y", "title": {"text": "full network, own scale", "standoff": 4}, "zeroline": True}
    layers_title = {"text": html.escape(table.axis_label), "standoff": 4}
    if table.layers:
        layout["xaxis2"] = {"anchor": "y2", "title": layers_title, "zeroline": True}
    return {"data": traces, "layout": layout, "min_width": WIDE_PIXELS}


def curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Picture:
    """Excess along alpha, one column a host, the full network above.

    Args:
        result: A measurement on two or more alphas.
        value: `"loss_barrier"` or `"error_barrier"`.
        split: Which split.

    Returns:
        Data and layout for plotly.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    table = barrier_table(result, value, split)
    excess = excess_along_alpha(result, value, split)
    alpha = [float(x) for x in result["alpha"].values]
    layout: Picture = {"height": 560 if table.layers else 320, "showlegend": False, "hovermode": "closest"}
    layout["margin"] = {"l": 70, "r": 20, "t": 40, "b": 50}
    layout["grid"] = {"rows": 2 if table.layers else 1, "columns": len(table.hosts), "pattern": "independent"}
    traces: list[Picture] = []
    for j, host in enumerate(table.hosts):
        for i, row in enumerate(table.rows):
            axis = j + 1 + len(table.hosts) * (row != "all")
            depth = 0.92 * (i - 1) / max(len(table.layers) - 1, 1)
            colour = "#8a8a8a" if row == "all" else to_hex(colormaps[style.DEPTH](max(depth, 0.0)))
            values = [float(x) for x in excess[row, host]]
            digits = table.cells[row, host].decimals
            traces.append({
                "type": "scatter",
                "mode": "lines+markers",
                "x": alpha,
                "y": [finite(x) for x in values],
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "line": {"color": colour, "width": 2.5 if row == "all" else 1.2},
                "marker": {"size": 5},
                "connectgaps": False,
                "hoverinfo": "text",
                "hovertext": [
                    f"{shown_name(row)} into {html.escape(host)}<br>alpha {x:g}<br>excess {number_text(y, digits)} "
                    f"{html.escape(table.unit)}"
                    f"<br>barrier {table.cells[row, host].text} {table.cells[row, host].interval_text}"
                    for x, y in zip(alpha, values, strict=True)
                ],
            })
        for axis, what in ((j + 1, "full network"), (j + 1 + len(table.hosts), "one layer"))[: 1 + bool(table.layers)]:
            unit = html.escape(table.unit)
            layout[f"xaxis{axis}"] = {"title": {"text": f"alpha (0 is {html.escape(host)})", "standoff": 4}}
            layout[f"yaxis{axis}"] = {"title": {"text": f"{what} ({unit})" if j == 0 else ""}, "zeroline": True}
            if what == "full network" and table.layers:
                layout[f"xaxis{axis}"] = {"title": {"text": f"into {html.escape(host)}", "standoff": 4}}
    return {"data": traces, "layout": layout, "min_width": WIDE_PIXELS}


def distances(result: "xr.Dataset") -> Picture:
    """L2 distance, relative distance and cosine of every layer.

    Args:
        result: A measurement.

    Returns:
        Data and layout for plotly.
    """
    moving = list(labels(result, "moving"))
    rows = ["all", *layer_labels(result)]
    status = result["cosine_status"].values if "cosine_status" in result else None
    traces: list[Picture] = []
    layout: Picture = {"height": ROW_PIXELS * len(rows) + 110, "showlegend": False}
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
