"""Windows: the barrier of every run of L consecutive layers, one panel a length."""

from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.bars import draw_full_network, draw_panel
from isthmus.report.barriers.table import barrier_table, mark_notes
from isthmus.report.drawn.bars import bar_picture, rows_of
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.rows.groups import groups_beside
from isthmus.report.rows.question import is_one_pair, loss_and_error
from isthmus.report.shown import largest
from isthmus.results.rows import labels, layers_moved, single_layers
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from isthmus.report.shown import CutBarrier

PANEL_INCHES = 1.8


def windows(result: "xr.Dataset") -> dict[int, list[str]]:
    """The windows of every length.

    Args:
        result: A measurement.

    Returns:
        Length L -> labels of `moving` from input to output, shortest first; single layers, where they were measured
        beside windows, are those of length 1.
    """
    found: dict[int, list[str]] = {}
    singles, moved = list(single_layers(result)), layers_moved(result)
    for label, sweep in zip(labels(result, "moving"), labels(result, "sweep"), strict=True):
        if sweep.startswith("window:"):
            found.setdefault(len(moved[label]), []).append(label)
    if found and singles:
        found.setdefault(1, singles)
    return dict(sorted(found.items()))


def window_bars(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """Rise or barrier of every window into every host as a bar with its interval, in the row of its first layer.

    One panel a length, each on its own axis, single layers first where they were measured. A dashed line is the full
    network's where that lies in the panel, a diamond beside a rise the barrier.

    Args:
        result: A measurement with a window sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    table, lengths, moved = barrier_table(result, value, split), windows(result), layers_moved(result)
    layers = list(moved[FULL_NETWORK])
    tables = groups_beside(result, value, split)
    cells = [cell for shown in tables for rows in lengths.values() for row in rows for cell in shown.row(row)]
    with rc_context(style.STYLE):
        width = style.label_inches(layers) + PANEL_INCHES * len(lengths) + 0.3
        row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(table.hosts) > 1))
        figure = style.empty_figure(max(width, style.COLUMN_INCHES), row_inches * len(layers) + 1.2)
        extra = style.draw_notes(figure, mark_notes((cell.marks for cell in cells), table.baseline))
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        panels = figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
        for (length, rows), axes in zip(lengths.items(), panels, strict=True):
            barriers = [tables[1].row(row) for row in rows] if len(tables) > 1 else None
            draw_panel(axes, [table.row(row) for row in rows], layers, barriers)
            draw_full_network(axes, table.row(FULL_NETWORK))
            axes.set_title("one layer" if length == 1 else f"{length} layers from this one on", pad=4)
            axes.set_xlabel(f"{table.axis_label}" if len(lengths) > 1 else f"{table.axis_label}, 95 % interval")
        figure.suptitle(f"{table.title}, 95 % intervals", fontsize=8, x=0.01, ha="left")
        style.draw_host_legend(figure, table.hosts, has_barriers=len(tables) > 1)
    return figure


def window_drawing(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """The same for the page: the lengths below one another on one axis.

    Args:
        result: A measurement with a window sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The picture.
    """
    tables, moved = groups_beside(result, value, split), layers_moved(result)
    return bar_picture(
        tables,
        [
            rows_of(
                tables,
                rows,
                [moved[row][0] for row in rows],
                "one layer" if length == 1 else f"{length} layers from this one on",
            )
            for length, rows in windows(result).items()
        ],
    )


def window_sentence(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> str:
    """The window of every length that costs most, beside the full network.

    Args:
        result: A measurement with a window sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split.

    Returns:
        One sentence.
    """
    tables, moved = groups_beside(result, value, split), layers_moved(result)
    table, barriers = tables[0], tables[1] if len(tables) > 1 else None
    parts = []
    for length, rows in windows(result).items():
        what = "single layers" if length == 1 else f"windows of {length} layers"
        most = largest(cell for row in rows for cell in table.row(row))
        beside = f", a barrier of {barriers.cells[most.layer, most.host].estimate.text}" if barriers and most else ""
        parts.append(f"of {what} {_largest_words(most, moved)}{beside}")
    full = " and ".join(f"{cell.estimate.text} into {cell.host}" for cell in table.row(FULL_NETWORK))
    name = table.name.removeprefix("largest ")
    return f"The largest {name} ({table.unit}) is {'; '.join(parts)}; the full network has {full}."


def _largest_words(cell: "CutBarrier | None", moved: dict[str, tuple[str, ...]]) -> str:
    if cell is None:
        return "unknown, since all are NaN"
    layers = moved[cell.layer]
    where = layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"
    return f"{cell.estimate.text} {cell.estimate.interval_text} ({where} into {cell.host})"


def _applies(result: "xr.Dataset") -> bool:
    return is_one_pair(result) and bool(windows(result))


window_pictures = loss_and_error(
    "windows", "Runs of consecutive layers", _applies, window_bars, window_sentence, window_drawing
)
