"""Heat map: layers down, hosts across, the full network as the first row; rises with the barriers beside them."""

from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.scale import colour_limit
from isthmus.report.rows.groups import beyond_words, column_name, group_axis_label, group_title, groups_beside

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isthmus.report.shown import CutBarrier

GAP = 0.25  # cells between the columns of rises and of barriers


def heatmap(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """The rise or barrier of every layer into every host as a coloured cell with its number.

    Beside rises stand the barriers, in the same colours. Colours diverge from white at zero and end at
    `colour_limit` of what comes first: a number beyond it is saturated, and the colour bar says so. A cell's
    number has the decimals that its 95 % interval supports (the place of the half-width's first significant digit, at
    least one, at most four). NaN is hatched grey. † and ‡ are explained below the map.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The figure, as wide as a paper's column unless layer names need more; its height grows with the layers.
    """
    from matplotlib import rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    tables = groups_beside(result, value, split)
    table = tables[0]
    limit = colour_limit(table)
    norm, colours = Normalize(-limit, limit), style.diverging()
    names = [style.row_name(row) for row in table.rows]
    positions = style.row_positions(len(table.layers))
    columns = [(shown, host) for shown in tables for host in table.hosts]
    across = [k + GAP * (k // len(table.hosts)) for k in range(len(columns))]
    cells = {(row, k): shown.cells[row, host] for k, (shown, host) in enumerate(columns) for row in table.rows}
    width = max(style.COLUMN_INCHES, style.label_inches(names) + 0.75 * len(columns) + 0.4)
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, style.ROW_INCHES * (positions[-1] + 1) + 1.05 + 0.12 * (len(tables) > 1))
        extra = style.draw_notes(figure, list(dict.fromkeys(note for shown in tables for note in shown.notes)))
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        axes = figure.add_subplot()
        for row, y in zip(table.rows, positions, strict=True):
            for k, x in enumerate(across):
                _draw_cell(axes, (x, y), cells[row, k], colours(float(norm(cells[row, k].estimate.value))))
        axes.set_xlim(-0.5, across[-1] + 0.5)
        axes.set_ylim(positions[-1] + 0.5, -0.5)
        axes.set_xticks(across, [column_name(shown, host, len(tables)) for shown, host in columns])
        axes.set_yticks(positions, names)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(group_title(tables), pad=4)
        beyond = style.beyond([cell.estimate for cell in cells.values()], limit)
        bar = figure.colorbar(
            ScalarMappable(norm, colours), ax=axes, location="bottom", extend=beyond, aspect=28, pad=0.02
        )
        bar.set_ticks([-limit, 0, limit], labels=[style.limit_text(x) for x in (-limit, 0, limit)])
        bar.outline.set_linewidth(0.4)
        bar.set_label(group_axis_label(tables) + ("" if beyond == "neither" else beyond_words(tables, limit)))
    return figure


def _draw_cell(axes: "Axes", centre: tuple[float, float], cell: "CutBarrier", colour: tuple[float, ...]) -> None:
    from matplotlib.patches import Rectangle

    x, y = centre
    ink, box = style.CELL_INK, None
    if cell.estimate.is_nan:
        style.draw_undefined(axes, x - 0.5, y - 0.5, 1, 1)
        box = {"facecolor": style.UNDEFINED_FILL, "edgecolor": "none", "pad": 0.6}
    else:
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.5))
        # How bright a colour looks, by the weights of Rec. 601.
        luminance = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
        ink = style.CELL_WHITE if luminance < 0.5 else style.CELL_INK
    axes.text(x, y, cell.estimate.text, ha="center", va="center_baseline", fontsize=7, color=ink, bbox=box)
    if cell.marks:
        axes.text(x + 0.27, y, cell.marks, ha="left", va="center_baseline", fontsize=7, color=ink)
