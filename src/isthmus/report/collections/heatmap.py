"""Heat map of a collection: layers down, steps or pairs across, a panel a host (the paper's Figure 1)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report import style
from isthmus.report.collections.columns import Columns, cell_text, columns
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

    from isthmus.measures.estimate import Estimate

CHARACTER_INCHES = 0.059
NARROW_INCHES = 0.17
WIDEST_INCHES = 13.0
BAR_INCHES = 3.0
GREYS = ((0.5, "#dedede"), (0.8, "#484848"), (1.0, "#6f6f6f"))  # readable up to this luminance of the cell


def columns_heatmap(
    result: "xr.Dataset",
    dimension: str,
    value: str = "loss_barrier",
    split: str | None = None,
    sweep: str | None = None,
    title: str = "",
    notes: tuple[str, ...] = (),
) -> "Figure":
    """Rise or barrier of every layer at every step, or in every pair, as a coloured cell with its number.

    Colours diverge from white at zero and end as in the heat map of one measurement. A number has the decimals that its
    95 % interval supports, and is in grey italics where the interval includes zero. Where there are too many columns
    for numbers, a dot stands in the cells whose interval includes zero. NaN is hatched grey. Notes below count the
    cells whose largest excess lies at an end of the cut, and those whose number few examples carry.

    Args:
        result: A collection with no other dimension than this one.
        dimension: "step" or "pair".
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.
        sweep: The rows of which sweep to show; None for all.
        title: Words to add to the title.
        notes: Sentences to write below.

    Returns:
        The figure; it grows with the layers and with the columns.
    """
    from matplotlib import rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = columns(result, dimension, value, split, sweep)
    hosts, rows = shown.first.hosts, shown.first.rows
    texts = [cell_text(cell.estimate) for table in shown.tables for cell in table.cells.values()]
    num_columns = len(shown.labels) * len(hosts)
    cell_inches = CHARACTER_INCHES * max(map(len, texts)) + 0.07
    has_numbers = num_columns * cell_inches <= WIDEST_INCHES
    cell_inches = cell_inches if has_numbers else NARROW_INCHES
    limit = shown.colour_limit
    full = [cell.estimate for host in hosts for cell in shown.row(FULL_NETWORK, host)]
    names, positions = [style.row_name(row) for row in rows], style.row_positions(len(rows) - 1)
    turned = style.label_inches(shown.labels) > cell_inches
    header = 0.55 + (0.8 * style.label_inches(shown.labels) if turned else 0.15)
    width = max(style.COLUMN_INCHES, style.label_inches(names) + num_columns * cell_inches + 0.35)
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, style.ROW_INCHES * (positions[-1] + 1) + header + 0.62)
        extra = style.draw_notes(figure, [*notes, *_notes(shown, has_numbers=has_numbers)])
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        panels = figure.subplots(1, len(hosts), sharey=True, squeeze=False)[0]
        norm, colours = Normalize(-limit, limit), style.diverging()
        for axes, host in zip(panels, hosts, strict=True):
            for row, y in zip(rows, positions, strict=True):
                draw_row(
                    axes, y, [cell.estimate for cell in shown.row(row, host)], norm, colours, has_numbers=has_numbers
                )
            axes.set_xlim(-0.5, len(shown.labels) - 0.5)
            axes.set_xticks(range(len(shown.labels)), shown.labels)
            axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
            if turned:
                axes.tick_params(axis="x", labelrotation=90)
            axes.spines[:].set_visible(False)
            axes.set_title(f"into {host}", pad=4)
        panels[0].set_ylim(positions[-1] + 0.5, -0.5)
        panels[0].set_yticks(positions, names)
        figure.suptitle(f"{shown.first.title}{f', {title}' if title else ''}", fontsize=8)
        beyond = style.beyond(full, limit)
        bar = figure.colorbar(
            ScalarMappable(norm, colours),
            ax=panels,
            location="bottom",
            extend=beyond,
            aspect=BAR_INCHES / 0.1,
            shrink=min(0.9, BAR_INCHES / (width - style.label_inches(names))),
            pad=0.02,
        )
        bar.set_ticks([-limit, 0, limit], labels=[style.limit_text(x) for x in (-limit, 0, limit)])
        bar.outline.set_linewidth(0.4)
        clipped = "\nfull network lies beyond the colours" if beyond != "neither" else ""
        bar.set_label(shown.first.axis_label + clipped)
    return figure


def draw_row(
    axes: "Axes",
    y: float,
    estimates: "Sequence[Estimate]",
    norm: "Normalize",
    colours: "Colormap",
    *,
    has_numbers: bool,
) -> None:
    """One row of coloured cells at x = 0, 1, ...

    Args:
        axes: Where.
        y: Of the row.
        estimates: From left to right.
        norm: From values to colours.
        colours: Of the cells.
        has_numbers: Whether a number stands in each, else a dot in those whose interval includes zero.
    """
    values = np.array([one.value for one in estimates])
    edges = np.arange(len(estimates) + 1) - 0.5
    axes.pcolormesh(
        edges,
        [y - 0.5, y + 0.5],
        np.ma.masked_where(np.isnan(values), values)[None],
        norm=norm,
        cmap=colours,
        edgecolors="white",
        linewidth=0.5,
    )
    for x, one in enumerate(estimates):
        box = None
        if one.is_nan:
            style.draw_undefined(axes, x - 0.5, y - 0.5, 1, 1)
            box = {"facecolor": style.UNDEFINED_FILL, "edgecolor": "none", "pad": 0.6}
        text = cell_text(one) if has_numbers else "•" if one.includes_zero else ""
        look: dict[str, Any] = {"color": _ink(one, colours(float(norm(one.value)))), "bbox": box}
        slant = "italic" if one.includes_zero else "normal"
        axes.text(x, y, text, ha="center", va="center_baseline", fontsize=style.SMALL_POINTS, fontstyle=slant, **look)


def _ink(one: "Estimate", colour: tuple[float, ...]) -> str:
    # How bright a colour looks, by the weights of Rec. 601.
    luminance = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    if one.is_nan:
        return style.CELL_INK
    if one.includes_zero:
        return next(grey for limit, grey in GREYS if luminance <= limit)
    return style.CELL_WHITE if luminance < 0.5 else style.CELL_INK


def _notes(shown: Columns, *, has_numbers: bool) -> list[str]:
    cells = [cell for table in shown.tables for cell in table.cells.values()]
    sign = "Grey italics" if has_numbers else "Dot"
    at_end, few = sum(cell.at_end for cell in cells), sum(not cell.estimate.trusted for cell in cells)
    notes = [f"{sign}: the 95 % interval includes zero."] if any(cell.estimate.includes_zero for cell in cells) else []
    if at_end:
        notes.append(f"In {at_end} of {len(cells)} cells the largest excess lies at alpha 0 or 1, an end of the cut.")
    if few:
        notes.append(
            f"In {few} of {len(cells)} cells fewer than {FEW} examples carry the number: its interval may be too short."
        )
    return notes
