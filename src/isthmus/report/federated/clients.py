"""One dot a client: what each reaches on its own test part under every rule, before and after averaging."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_INCHES = 0.46
LABEL_CHARACTERS = 22
COLOURS = {"before": "#888888", "after": "#0072B2"}
OFFSETS = {"before": -0.21, "after": 0.21}
SPREAD = 0.17  # of a row: how far dots that would cover one another move apart
DOT_INCHES = 0.028


@dataclass(frozen=True)
class ClientDots:
    """The clients of all seeds under one rule.

    Attributes:
        before: Error rate of each, before the last averaging.
        after: Error rate at the end.
        worst_before: The worst tenth's mean, mean over seeds.
        worst_after: The same at the end.
    """

    before: Sequence[float]
    after: Sequence[float]
    worst_before: float
    worst_after: float


def clients_figure(rules: Mapping[str, ClientDots]) -> "Figure":
    """Every client's accuracy in the last round, as a dot: grey before averaging, blue at the end.

    A dark line is the mean over all dots of its row, a red triangle the mean of the worst tenth.

    Args:
        rules: Rule -> its clients, from top to bottom.

    Returns:
        The figure, as wide as a paper's column unless labels need more.
    """
    from matplotlib import rc_context
    from matplotlib.lines import Line2D

    names = ["\n".join(textwrap.wrap(rule, LABEL_CHARACTERS)) for rule in rules]
    room = style.label_inches(line for name in names for line in name.splitlines())
    width = max(style.COLUMN_INCHES, room + 2.1)
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, ROW_INCHES * len(rules) + 0.8)
        axes = figure.add_subplot()
        every = [100 * (1 - rate) for dots in rules.values() for rate in (*dots.before, *dots.after)]
        low, high = min(every), max(every)
        spare = 0.03 * (high - low) or 1.0
        axes.set_xlim(low - spare, high + spare)
        axes.set_ylim(len(rules) - 0.5, -0.5)
        inches = (width - room - 0.25) / (high - low + 2 * spare)
        for y, dots in enumerate(rules.values()):
            axes.axhspan(y - 0.5, y + 0.5, color="#f4f4f4" if y % 2 else "white", linewidth=0, zorder=0)
            _draw_dots(axes, y + OFFSETS["before"], dots.before, dots.worst_before, "before", inches)
            _draw_dots(axes, y + OFFSETS["after"], dots.after, dots.worst_after, "after", inches)
        axes.set_yticks(range(len(rules)), names)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("accuracy, own test part (%)")
        dots_look: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 3}
        handles = [Line2D([], [], color=COLOURS[when], label=words, **dots_look) for when, words in
                   (("before", "before averaging"), ("after", "at the end"))]  # fmt: skip
        handles.append(Line2D([], [], color=style.INK, linestyle="none", marker="|", markersize=7, label="mean"))
        handles.append(Line2D([], [], color="#D55E00", linestyle="none", marker="^", markersize=4, label="worst tenth"))
        figure.legend(handles=handles, loc="outside upper left", ncols=4, handletextpad=0.1, columnspacing=0.9)
    return figure


def _draw_dots(axes: "Axes", y: float, rates: Sequence[float], worst: float, when: str, inches: float) -> None:
    values = 100 * (1 - np.sort(np.array(rates, dtype=np.float64)))
    if not len(values):
        return
    size = 2.6 if len(values) <= 100 else 1.8
    axes.plot(
        values, y + apart(values * inches), "o", color=COLOURS[when], alpha=0.75, markersize=size, markeredgewidth=0,
        zorder=2,
    )  # fmt: skip
    axes.plot([values.mean()] * 2, [y - 0.2, y + 0.2], color=style.INK, linewidth=1.1, zorder=4)
    axes.plot([100 * (1 - worst)], [y + 0.13], "^", color="#D55E00", markersize=4, markeredgewidth=0, zorder=5)


def apart(places: np.ndarray) -> np.ndarray:
    """How far dots move up and down so that near ones can be told apart.

    Args:
        places: Along the row, in inches.

    Returns:
        An offset for each, at most `SPREAD`: dots of one bin as wide as a dot stand one above another.
    """
    bins = np.round(places / DOT_INCHES).astype(np.int64)
    offsets = np.zeros(len(places))
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        step = min(0.075, 2 * SPREAD / max(1, len(inside) - 1))
        offsets[inside] = step * (np.arange(len(inside)) - (len(inside) - 1) / 2)
    return offsets
