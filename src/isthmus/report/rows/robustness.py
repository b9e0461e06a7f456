"""Robustness: how the loss rises along the averaging direction and along random directions of the same length."""

import math
from typing import TYPE_CHECKING

import numpy as np

from isthmus.report import style
from isthmus.report.barriers.table import PERCENT
from isthmus.report.rows.question import is_one_pair, loss_and_error
from isthmus.report.values import kind_of
from isthmus.results.rows import in_split, labels, single_layers
from isthmus.results.units import shown_unit
from isthmus.results.variables import OF, Number, QuantityVariables
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = {"averaging": (style.INK, "o", "averaging direction"), "random": ("#009E73", "D", "random directions, mean")}
SHIFTS = {"averaging": -0.17, "random": 0.17}
HALF, WHOLE = 0.5, 1.0


def has_directions(result: "xr.Dataset") -> bool:
    """Whether random directions were measured beside the barriers.

    Args:
        result: A measurement.

    Returns:
        True with `directions` of at least 1.
    """
    return "random_loss_rise" in result and is_one_pair(result)


def robustness_panels(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """Rise over the host half a step and a whole step away: one row a layer, host a left and host b right.

    Filled marks stand half a step away, where a barrier's midpoint lies; open ones a whole step. A line through a mark
    is its 95 % interval over examples, the pale bar behind a random one the draws' standard deviation to both sides.
    The axis is linear about zero and logarithmic further out, so that the full network stands beside single layers.

    Args:
        result: A measurement with directions.
        value: Of the loss, or of the error (in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    quantity = kind_of(value)
    part, rows, hosts = in_split(result, split), [FULL_NETWORK, *single_layers(result)], labels(result, "host")
    scale = PERCENT if quantity == "error" else 1.0
    unit = shown_unit(result, quantity)
    names = [style.row_name(row) for row in rows]
    with rc_context(style.STYLE):
        width = max(style.PAGE_INCHES, style.label_inches(names) + 4.0)
        figure = style.empty_figure(width, 1.3 * style.ROW_INCHES * len(rows) + 1.2)
        panels = figure.subplots(1, len(hosts), sharex=True, sharey=True, squeeze=False)[0]
        for host, axes in zip(hosts, panels, strict=True):
            _draw_panel(axes, part.sel(host=host, moving=rows), OF[quantity], scale)
            axes.set_title(f"host {host}", pad=4)
            axes.set_xlabel(f"rise of the {quantity} over the host ({unit})")
        panels[0].set_yticks(style.row_positions(len(rows) - 1), names)
        panels[0].set_ylim(style.row_positions(len(rows) - 1)[-1] + 0.6, -0.6)
        linear = _linear_range(part, OF[quantity].averaging_rise, rows) * scale
        panels[0].set_xscale("symlog", linthresh=linear, linscale=0.7)
        ends = [end for axes in panels for end in axes.get_xlim()]
        ticks = decade_ticks(min(ends), max(ends), linear)
        panels[0].set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks], minor=False)
        panels[0].xaxis.minorticks_off()
        _draw_legend(figure)
    return figure


def robustness_sentence(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> str:
    """Whether the averaging direction rises more than random ones half a step away.

    Args:
        result: A measurement with directions.
        value: Of the loss or of the error.
        split: Which split; may be left out where there is only one.

    Returns:
        One sentence for the full network and one for the layers.
    """
    quantity = kind_of(value)
    averaging, random = OF[quantity].averaging_rise, OF[quantity].random_rise
    half, rows = in_split(result, split).sel(fraction=HALF), list(single_layers(result))
    shown = PERCENT if quantity == "error" else 1.0
    unit = shown_unit(result, quantity)

    def both(row: str) -> str:
        return " and ".join(
            f"{shown * float(cell[averaging.name]):.2g} against {shown * float(cell[random.name]):.2g} {unit} "
            f"from {host}"
            for host in labels(result, "host")
            for cell in [half.sel(host=host, moving=row)]
        )

    text = (
        f"Half a step along the averaging direction the full network's {quantity} rises by {both(FULL_NETWORK)} along "
        f"{half.sizes['draw']} random direction{'s' * (half.sizes['draw'] > 1)} of the same length."
    )
    if not rows:
        return text
    cells = half.sel(moving=rows)
    above = cells[averaging.low] > cells[random.high]
    below = cells[averaging.high] < cells[random.low]
    total = above.size
    return (
        f"{text} Of {total} cuts of single layers the averaging direction rises more, beyond both intervals, in "
        f"{int(above.sum())}, less in {int(below.sum())}, undecided in {total - int(above.sum()) - int(below.sum())}."
    )


def _linear_range(part: "xr.Dataset", rise: Number, rows: list[str]) -> float:
    """Where the axis turns logarithmic: the median half-width of the intervals, or a hundredth of the largest rise."""
    cells = part.sel(moving=rows, fraction=HALF)
    widths = (cells[rise.high] - cells[rise.low]).values / 2
    rises = np.abs(cells[rise.name].values)
    largest = float(np.max(rises[np.isfinite(rises)], initial=0.0))
    usual = float(np.median(widths[np.isfinite(widths)])) if np.isfinite(widths).any() else 0.0
    return max(usual, largest / 100) or 1.0


def decade_ticks(low: float, high: float, linear: float) -> list[float]:
    """Zero and the powers of ten on an axis that is linear near zero and logarithmic further out.

    Args:
        low: The axis's lower end.
        high: Its upper end.
        linear: Where it turns logarithmic; powers nearer to zero would crowd about it.

    Returns:
        Ticks from low to high.

    Example:
        >>> decade_ticks(-0.5, 20.0, 0.03)
        [-0.1, 0.0, 0.1, 1.0, 10.0]
    """
    largest = max(abs(low), abs(high))
    exponents = range(math.ceil(math.log10(linear)), math.floor(math.log10(largest)) + 1) if largest > linear else []
    powers = [float(f"1e{exponent}") for exponent in exponents]
    return [tick for tick in [*(-power for power in reversed(powers)), 0.0, *powers] if low <= tick <= high]


def _draw_panel(axes: "Axes", cells: "xr.Dataset", of: QuantityVariables, scale: float) -> None:
    axes.axvline(0, color=style.INK, linewidth=0.6, zorder=1)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    axes.spines["left"].set_visible(False)
    positions = style.row_positions(cells.sizes["moving"] - 1)
    for kind, (colour, marker, _) in KINDS.items():
        rise = of.averaging_rise if kind == "averaging" else of.random_rise
        for y, i in zip(positions, range(len(positions)), strict=True):
            at = y + SHIFTS[kind]
            for fraction, fill in ((WHOLE, "white"), (HALF, colour)):
                cell = cells.isel(moving=i).sel(fraction=fraction)
                number, low, high = (scale * float(cell[name]) for name in (rise.name, rise.low, rise.high))
                if math.isnan(number):
                    axes.text(0, at, " NaN", va="center", fontsize=style.SMALL_POINTS, color=colour)
                    continue
                spread = scale * float(cell[rise.spread]) if rise.spread else math.nan
                if math.isfinite(spread) and fraction == HALF:
                    axes.plot([number - spread, number + spread], [at, at], color=colour, alpha=0.25, linewidth=4)
                axes.plot([low, high], [at, at], color=colour, linewidth=0.8, zorder=3)
                axes.plot([number], [at], marker, color=colour, markerfacecolor=fill, markersize=3, zorder=4)


def _draw_legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=3, linewidth=0.8, label=words)
        for colour, marker, words in KINDS.values()
    ]
    handles += [
        Line2D([], [], color="#777777", marker="o", markersize=3, linewidth=0, markerfacecolor=fill, label=words)
        for fill, words in (("#777777", "half a step"), ("white", "a whole step"))
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), handlelength=1.6)


robustness_pictures = loss_and_error(
    "robustness",
    "Averaging and random directions of equal length",
    has_directions,
    robustness_panels,
    robustness_sentence,
)
