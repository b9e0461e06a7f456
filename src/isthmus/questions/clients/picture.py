"""Heat map of what averaging sets of layers costs two clients: sets down, their own data and the union across."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isthmus.report import style
from isthmus.report.collections.columns import cell_text
from isthmus.report.collections.heatmap import CHARACTER_INCHES, draw_row
from isthmus.report.shown import CutEstimate
from isthmus.results.estimates import estimate_at
from isthmus.results.rows import labels, single_layers
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

DATA_WORDS = {"own": "own data", "union": "union", "test": "test"}
BAR_INCHES = 3.0


def client_heatmap(costs: "Mapping[str, xr.Dataset]") -> "Figure":
    """The rise of each client's loss when a set of layers is replaced by the mean of both clients', panel by panel.

    Colours diverge from white at zero and end where single layers do, or at a twentieth of the full network. Numbers
    have the decimals that their 95 % interval supports, and are in grey italics where it includes zero.

    Args:
        costs: By the words for a pair: `rise`, `rise_low`, `rise_high` over (moving, host, data), and along moving the
            coordinate `sweep`.

    Returns:
        The figure.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    first = next(iter(costs.values()))
    rows = labels(first, "moving")
    columns = [(kind, host) for kind in DATA_WORDS if kind in first["data"].values for host in labels(first, "host")]
    cells = {name: {row: rise_cells(cost, row, columns) for row in rows} for name, cost in costs.items()}
    every = [(row, cell.estimate) for table in cells.values() for row, found in table.items() for cell in found]
    single = set(single_layers(first))
    of_full = [one for row, one in every if row == FULL_NETWORK]
    limit = colour_limit([one.value for row, one in every if row in single], [one.value for one in of_full])
    cell_inches = max(CHARACTER_INCHES * max(len(cell_text(one)) for _, one in every) + 0.07, 0.3)
    names, positions = [style.row_name(row) for row in rows], style.row_positions(len(rows) - 1)
    alone = {FULL_NETWORK, *single}
    positions = [y + style.ROW_GAP * (row not in alone) for row, y in zip(rows, positions, strict=True)]
    width = style.label_inches(names) + len(costs) * (len(columns) * cell_inches + 0.15) + 0.3
    norm, colours = Normalize(-limit, limit), colormaps[style.DIVERGING]
    with rc_context(style.STYLE):
        figure = style.empty_figure(max(style.COLUMN_INCHES, width), style.ROW_INCHES * (positions[-1] + 1) + 1.5)
        style.draw_notes(figure, [
            "a, b: the client that goes on with its other layers. Grey italics: the 95 % interval includes zero."
        ])  # fmt: skip
        panels = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
        for axes, (name, table) in zip(panels, cells.items(), strict=True):
            for row, y in zip(rows, positions, strict=True):
                draw_row(axes, y, [cell.estimate for cell in table[row]], norm, colours, has_numbers=True)
            axes.set_xlim(-0.5, len(columns) - 0.5)
            axes.set_xticks(range(len(columns)), [host for _, host in columns])
            axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
            axes.spines[:].set_visible(False)
            axes.set_title(name, pad=20)
            for kind in dict.fromkeys(kind for kind, _ in columns):
                places = [x for x, (of, _) in enumerate(columns) if of == kind]
                axes.annotate(
                    DATA_WORDS[kind], (float(np.mean(places)), 1), (0, 13), xycoords=("data", "axes fraction"),
                    textcoords="offset points", ha="center", fontsize=style.SMALL_POINTS,
                )  # fmt: skip
                axes.axvline(places[0] - 0.5, color=style.INK, linewidth=0.5)
        panels[0].set_ylim(positions[-1] + 0.5, -0.5)
        panels[0].set_yticks(positions, names)
        beyond = style.beyond(of_full, limit)
        bar = figure.colorbar(
            ScalarMappable(norm, colours), ax=panels, location="bottom", extend=beyond, aspect=BAR_INCHES / 0.1,
            shrink=min(0.9, BAR_INCHES / width), pad=0.02,
        )  # fmt: skip
        bar.set_ticks([-limit, 0, limit], labels=[style.limit_text(x) for x in (-limit, 0, limit)])
        bar.outline.set_linewidth(0.4)
        clipped = "; full network lies beyond the colours" if beyond != "neither" else ""
        bar.set_label(f"rise of the client's loss (nats){clipped}")
    return figure


def rise_cells(cost: "xr.Dataset", row: str, columns: Sequence[tuple[str, str]]) -> list[CutEstimate]:
    """The rises of one set of layers.

    Args:
        cost: Of one pair.
        row: The set.
        columns: Data and host of each.

    Returns:
        One cell a column.
    """
    return [
        CutEstimate(row, host, estimate_at(cost.sel(moving=row, host=host, data=kind), "rise"))
        for kind, host in columns
    ]


def colour_limit(layers: Sequence[float], full: Sequence[float]) -> float:
    """Where the colours end: the largest single layer in size, or a twentieth of the full network where that is larger.

    Args:
        layers: Values of single layers; larger sets of layers saturate as the full network does.
        full: Of the full network.

    Returns:
        A positive number.
    """
    sizes = [abs(value) for value in layers] + [abs(value) / 20 for value in full]
    # Where all is zero the scale of colours still needs a length.
    return max([size for size in sizes if math.isfinite(size)], default=0.0) or 1.0


def client_sentence(name: str, cost: "xr.Dataset") -> str:
    """What averaging everything costs the clients of a pair beside averaging the worst single layer.

    Args:
        name: The words for the pair.
        cost: Of the pair, with the coordinate `sweep`.

    Returns:
        A sentence on their own data and on the union.
    """
    parts = []
    for kind, words in (("own", "on its own data"), ("union", "on the union")):
        full = [rise_cells(cost, FULL_NETWORK, [(kind, host)])[0] for host in labels(cost, "host")]
        layer = [cell for row in single_layers(cost) for host in labels(cost, "host")
                 for cell in rise_cells(cost, row, [(kind, host)])]  # fmt: skip
        worst, best = (pick(layer, key=lambda cell: cell.estimate.value) for pick in (max, min))
        spread = " and ".join(cell.estimate.text for cell in full)
        parts.append(
            f"{words} averaging everything raises a client's loss by {spread} nats, averaging one layer by "
            f"{best.estimate.text} ({best.layer} of {best.host}) to "
            f"{worst.estimate.text} ({worst.layer} of {worst.host})"
        )
    return f"{name}: {'; '.join(parts)}."
