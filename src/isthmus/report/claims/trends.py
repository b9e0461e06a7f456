"""Barriers of several pairs over what the pairs differ in: images, width, memorisation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate
from isthmus.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS, MARKERS = ("#8f8f8f", "#c2410c"), ("s", "o")


@dataclass(frozen=True)
class Trend:
    """One panel.

    Attributes:
        words: What the pairs differ in, with its unit.
        points: The place of each pair, and its numbers by their words, the same words in all.
        logarithmic: Whether places are shown by their ratios, and written out.
    """

    words: str
    points: Sequence[tuple[float, Mapping[str, Estimate]]]
    logarithmic: bool = False


def trends(shown: Sequence[Trend], unit: str) -> "Figure":
    """Panels side by side with one scale.

    Args:
        shown: One a panel.
        unit: What the numbers are.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    with rc_context(style.STYLE):
        figure = style.empty_figure(style.PAGE_INCHES, 2.4)
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, trend in zip(panels, shown, strict=True):
            _draw(axes, trend)
        panels[0].set_ylabel(unit)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _draw(axes: "Axes", trend: Trend) -> None:
    places = [place for place, _ in trend.points]
    for name, colour, marker in zip(trend.points[0][1], COLOURS, MARKERS, strict=True):
        numbers = [cells[name] for _, cells in trend.points]
        ends = [[one.value - one.low for one in numbers], [one.high - one.value for one in numbers]]
        axes.errorbar(
            places, [one.value for one in numbers], yerr=ends, label=name, color=colour, marker=marker,
            markersize=3.5, linewidth=1, elinewidth=0.8, linestyle="-" if trend.logarithmic else "none",
        )  # fmt: skip
    if trend.logarithmic:
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:,.0f}" for place in places])
        axes.minorticks_off()
    axes.set_ylim(bottom=min(0.0, *(one.low for _, cells in trend.points for one in cells.values())))
    axes.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
    axes.set_xlabel(trend.words)
