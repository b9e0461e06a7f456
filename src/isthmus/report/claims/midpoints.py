"""Bars of two networks' accuracy and of their midpoint's, pair by pair."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate, percentage_points
from isthmus.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = 0.8  # of the space between two pairs that their bars take together
GREYS, COLOURS = ("#b8b8b8", "#8f8f8f"), ("#c2410c", "#7fb2d9", "#0369a1")


def midpoint_bars(pairs: Mapping[str, Mapping[str, Estimate]]) -> "Figure":
    """Accuracies side by side: the two networks in grey, what became of their midpoint in colours.

    Args:
        pairs: Words for a pair -> words for a network -> its accuracy, a fraction; the two networks come first.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    names = list(next(iter(pairs.values())))
    width = BAR / len(names)
    with rc_context(style.STYLE):
        figure = style.empty_figure(style.COLUMN_INCHES * 1.5, 2.6)
        axes = figure.subplots()
        for number, (name, colour) in enumerate(zip(names, [*GREYS, *COLOURS], strict=True)):
            shown = [percentage_points(cells[name]) for cells in pairs.values()]
            places = [pair - BAR / 2 + width * (number + 0.5) for pair in range(len(pairs))]
            values = [one.value for one in shown]
            ends = [[one.value - one.low for one in shown], [one.high - one.value for one in shown]]
            axes.bar(places, values, width * 0.92, color=colour, label=name)
            axes.errorbar(places, values, yerr=ends, fmt="none", ecolor=style.INK, elinewidth=0.8)
        axes.set_xticks(range(len(pairs)), list(pairs))
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(0, 100)
        axes.set_ylabel("accuracy (%)")
        axes.grid(axis="y", linewidth=0.4)
        axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return figure
