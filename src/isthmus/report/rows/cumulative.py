"""Growing groups: the rise, and the barrier, against the number of layers moved, one line an order."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.table import BarrierTable, barrier_table, mark_notes
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.growth import growth_legend, growth_panel
from isthmus.report.rows.groups import groups_beside
from isthmus.report.rows.question import is_one_pair, loss_and_error
from isthmus.report.shown import largest
from isthmus.results.rows import labels, layers_moved
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isthmus.report.shown import CutBarrier

RANDOM = "random"
COLOURS = {
    "shallow_first": "#009E73",
    "deep_first": "#CC79A7",
    "ends_first": "#E69F00",
    RANDOM: "#888888",
    "given": "#56B4E9",
}
WAYS = {
    "shallow first": "from the input",
    "deep first": "from the output",
    "ends first": "from both ends",
    RANDOM: "in random order",
}
MARKERS = {"shallow_first": "^", "deep_first": "v", "ends_first": "D", RANDOM: "", "given": "s"}


@dataclass(frozen=True)
class Growth:
    """One order of layers: its kind (all random orders are one kind), its name, and its rows.

    Attributes:
        sizes: How many layers each row moves, growing.
    """

    kind: str
    name: str
    rows: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def words(self) -> str:
        """Such as "shallow first"."""
        return self.kind.replace("_", " ")


def growths(result: "xr.Dataset") -> list[Growth]:
    """The orders in which groups grow in a result.

    Args:
        result: A measurement.

    Returns:
        One for each order, random ones for each seed.
    """
    found: dict[str, list[str]] = {}
    sizes = {row: len(layers) for row, layers in layers_moved(result).items()}
    for label, sweep in zip(labels(result, "moving"), labels(result, "sweep"), strict=True):
        if sweep.startswith("cumulative:"):
            found.setdefault(label.rpartition(":")[0], []).append(label)
    orders = []
    for name, unsorted in found.items():
        rows = sorted(unsorted, key=sizes.__getitem__)
        kind = RANDOM if name.startswith(RANDOM) else name
        orders.append(Growth(kind, name, tuple(rows), tuple(sizes[row] for row in rows)))
    return orders


def cumulative_curves(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """Rise or barrier against the number of layers moved, with 95 % intervals as bands; one panel a host.

    Below rises stand the barriers. Random orders share one colour. The dashed line is the full network's, where every
    order of all layers ends.

    Args:
        result: A measurement with a cumulative sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    tables, orders = groups_beside(result, value, split), growths(result)
    hosts = tables[0].hosts
    with rc_context(style.STYLE):
        figure = style.empty_figure(
            style.PAGE_INCHES if len(hosts) > 1 else style.COLUMN_INCHES, 0.85 + 2.05 * len(tables)
        )
        extra = style.draw_notes(figure, _notes(tables, orders))
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        panels = figure.subplots(len(tables), len(hosts), sharex=True, sharey="row", squeeze=False)
        for table, row in zip(tables, panels, strict=True):
            limits = style.axis_limits([cell.estimate for host in hosts for cell in _cells(table, orders, host)])
            for host, axes in zip(hosts, row, strict=True):
                _draw_panel(axes, table, orders, host)
                axes.set_ylim(*limits)
            row[0].set_ylabel(table.axis_label)
        for axes in panels[-1]:
            axes.set_xlabel("number of layers moved")
            axes.xaxis.get_major_locator().set_params(integer=True)
        _draw_legend(figure, orders)
    return figure


def cumulative_drawing(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """The same for the page, the panels below one another.

    Args:
        result: A measurement with a cumulative sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The picture.
    """
    tables, orders, canvas = groups_beside(result, value, split), growths(result), Canvas(0)
    colours = {order.kind: COLOURS.get(order.kind, style.FAINT) for order in orders}
    top = growth_legend(canvas, {kind.replace("_", " "): colour for kind, colour in colours.items()})
    for table in tables:
        limits = style.axis_limits([cell.estimate for host in table.hosts for cell in _cells(table, orders, host)])
        for host in table.hosts:
            lines = [
                (
                    order.name.replace("_", " "),
                    colours[order.kind],
                    order.sizes,
                    [table.cells[row, host].estimate for row in order.rows],
                )
                for order in orders
            ]
            full = table.cells[FULL_NETWORK, host].estimate.value
            top = growth_panel(canvas, top, f"into {host}", lines, full, limits, table.axis_label)
    canvas.height = canvas.notes(top, _notes(tables, orders))
    return canvas


def _draw_panel(axes: "Axes", table: BarrierTable, orders: list[Growth], host: str) -> None:
    for order in orders:
        _draw_order(axes, order, [table.cells[row, host] for row in order.rows])
    full = table.cells[FULL_NETWORK, host].estimate.value
    if math.isfinite(full):
        axes.axhline(full, color=style.INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    axes.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
    axes.set_title(f"{table.title}, into {host}", pad=4)


def _cells(table: BarrierTable, orders: list[Growth], host: str) -> "list[CutBarrier]":
    return [table.cells[row, host] for row in [FULL_NETWORK, *(row for order in orders for row in order.rows)]]


def _notes(tables: list[BarrierTable], orders: list[Growth]) -> list[str]:
    """The marks that points have, which are too small to bear them: how many there are, and what they mean."""
    table = tables[0]
    marks = [cell.marks for shown in tables for host in table.hosts for cell in _cells(shown, orders, host)]
    return ["Bands: 95 % intervals."] + [
        f"At {sum(note[0] in mark for mark in marks)} of {len(marks)} points: {note[2:]}"
        for note in mark_notes(marks, table.baseline)
    ]


def _draw_order(axes: "Axes", order: Growth, cells: "list[CutBarrier]") -> None:
    import numpy as np

    colour, is_random = COLOURS.get(order.kind, style.INK), order.kind == RANDOM
    k = np.array(order.sizes)
    middle, low, high = (np.array([getattr(cell.estimate, end) for cell in cells]) for end in ("value", "low", "high"))
    bounded = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(k, low, high, where=bounded, color=colour, alpha=0.12 if is_random else 0.2, linewidth=0)
    axes.plot(
        k,
        np.where(np.isfinite(middle), middle, np.nan),
        color=colour,
        linewidth=0.7 if is_random else 1.2,
        marker=MARKERS.get(order.kind, "o") or ("." if len(k) == 1 else ""),
        markersize=2.6,
        zorder=2 if is_random else 3,
    )


def _draw_legend(figure: "Figure", orders: list[Growth]) -> None:
    from matplotlib.lines import Line2D

    counts = {order.kind: sum(other.kind == order.kind for other in orders) for order in orders}
    lines = [
        Line2D(
            [],
            [],
            color=COLOURS.get(kind, style.INK),
            marker=MARKERS.get(kind, "o"),
            markersize=3,
            linewidth=1.2,
            label=kind.replace("_", " ") + (f" ({count} orders)" if kind == RANDOM and count > 1 else ""),
        )
        for kind, count in counts.items()
    ]
    lines.append(Line2D([], [], color=style.INK, linewidth=0.6, linestyle=(0, (4, 3)), label="full network"))
    figure.legend(handles=lines, loc="outside upper center", ncols=min(len(lines), 5), handlelength=1.8)


def cumulative_sentence(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> str:
    """How many layers it takes, in every order, to reach half of the full network's rise or barrier.

    Args:
        result: A measurement with a cumulative sweep.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split.

    Returns:
        One sentence; where the full network has none above zero it names the largest one on the way.
    """
    table, orders = barrier_table(result, value, split), growths(result)
    words = "; ".join(_host_words(table, orders, host) for host in table.hosts)
    return f"{words[0].upper()}{words[1:]}."


def _host_words(table: BarrierTable, orders: list[Growth], host: str) -> str:
    full, name = table.cells[FULL_NETWORK, host].estimate, table.name
    if not full.low > 0 or not math.isfinite(full.value):
        most = largest(_cells(table, orders, host)[1:])
        if most is None:
            return f"into {host} every {name} on the way is NaN"
        farthest = f"{most.estimate.text} {most.estimate.interval_text}"
        return (
            f"into {host} the full network's {name} ({full.text} {table.unit} {full.interval_text}) is not clearly "
            f"above zero, and the largest on the way is {farthest} at {most.layer}"
        )
    kinds: dict[str, list[int | None]] = {}
    for order in orders:
        rows = zip(order.rows, order.sizes, strict=True)
        reached = [size for row, size in rows if table.cells[row, host].estimate.value >= full.value / 2]
        kinds.setdefault(order.words, []).append(reached[0] if reached else None)
    total = max(size for order in orders for size in order.sizes)
    (first, *others) = ((_range(counts), WAYS.get(kind, kind)) for kind, counts in kinds.items())
    words = [f"{first[0]} of {total} layers {first[1]}", *(f"{count} {way}" for count, way in others)]
    return (
        f"into {host}, half of the full network's {name} ({full.text} {table.unit}) is reached after {', '.join(words)}"
    )


def _range(counts: list[int | None]) -> str:
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return "more than all" if not known else f"{min(known)} or more"
    return str(known[0]) if min(known) == max(known) else f"{min(known)} to {max(known)}"


def _applies(result: "xr.Dataset") -> bool:
    return is_one_pair(result) and bool(growths(result))


cumulative_pictures = loss_and_error(
    "cumulative",
    "Layers that join one by one",
    _applies,
    cumulative_curves,
    cumulative_sentence,
    cumulative_drawing,
)
