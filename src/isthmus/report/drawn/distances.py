"""Distances for the page: how far apart the two networks' weights are, layer by layer."""

import math
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.distances import DISTANCES
from isthmus.report.drawn.axis import Piece
from isthmus.report.drawn.canvas import Canvas, Zones, dot, short, text_width
from isthmus.report.drawn.cells import LONGEST_NAME
from isthmus.report.short_names import shortened
from isthmus.results.rows import labels, layer_labels
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

ROW, GAP, BETWEEN = 15.0, 5.0, 12.0


def distances(result: "xr.Dataset") -> Canvas:
    """L2 distance, relative distance and cosine of every layer, the full network first.

    Args:
        result: A measurement.

    Returns:
        The picture, three panels side by side.
    """
    moving, canvas = list(labels(result, "moving")), Canvas(0)
    rows = [FULL_NETWORK, *layer_labels(result)]
    full = [style.row_name(row) for row in rows]
    names = shortened(full, LONGEST_NAME)
    left = max(text_width(name) for name in names) + 10
    width = (canvas.width - left - BETWEEN * (len(DISTANCES) - 1) - 6) / len(DISTANCES)
    tops = [22 + ROW * i + GAP * (i > 0) for i in range(len(rows))]
    bottom = tops[-1] + ROW
    for name, whole, top in zip(names, full, tops, strict=True):
        canvas.text(left - 8, top + 11, name, anchor="end", full=whole)
    status = [str(text) for text in result["cosine_status"].values] if "cosine_status" in result else None
    words = [[""] * len(DISTANCES) for _ in rows]
    for k, (variable, title) in enumerate(DISTANCES.items()):
        start = left + k * (width + BETWEEN)
        values = [float(result[variable].values[moving.index(row)]) for row in rows]
        finite = [value for value in values if math.isfinite(value)]
        low, high = min([0.0, *finite]), max([0.0, *finite])
        piece = Piece(low, 1.05 * high or 1.0, start, start + width)
        lines = title.replace("cosine of the weights", "cosine")
        canvas.text(start + width / 2, 12, lines, "small", anchor="middle")
        for x, text in piece.ticks(2):
            canvas.path(f"M{short(x)} 20V{short(bottom)}", "grid")
            canvas.centred(x, bottom + 12, text)
        for i, (value, top) in enumerate(zip(values, tops, strict=True)):
            y, zero = short(top + ROW / 2), short(piece.at(0.0))
            words[i][k] = f"{value:.6g}"
            if math.isfinite(value):
                canvas.path(f"M{zero} {y}H{short(piece.at(value))}", "stem")
                canvas.path(dot(piece.at(value), top + ROW / 2), "dot")
            else:
                words[i][k] = "undefined" if math.isnan(value) else "infinite"
                canvas.text(start + width / 2, top + 11, words[i][k], "small faint", anchor="middle")
            stated = status[moving.index(rows[i])] if variable == "cosine" and status else "defined"
            words[i][k] = words[i][k] if stated == "defined" else stated
    tips = [
        ["\n".join(f"{title} {word}" for title, word in zip(DISTANCES.values(), row, strict=True))] for row in words
    ]
    canvas.zones.append(Zones([0], [canvas.width], tops, [ROW] * len(rows), full, [""], tips))
    canvas.height = bottom + 18
    return canvas
