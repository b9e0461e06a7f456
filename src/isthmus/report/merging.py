"""Pictures of merging: what averaging costs beside how much is averaged, and which layers make the cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isthmus.measures.estimate import Estimate
from isthmus.report import style
from isthmus.report.significant import significant_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MERGED = "merged"
WIDTH_INCHES = 4.2  # so that its letters are read on a phone
TALLEST = 12.0  # tolerances; what costs more stands at the top edge, with its number
LABEL_PERCENT = 16.0  # of the axis: the width of "↑ 3.1 to 4.2"
MARKERS = {
    "all layers": "s",
    "one donor alone": "<",
    "plain average": "D",
    "by single layers": "^",
    "greedy": "v",
    "slerp": "P",
}


@dataclass(frozen=True)
class CostShown:
    """What the picture of a merge shows.

    Attributes:
        points: Name, share of all worth and cost of every network with averaged layers.
        tests: Share, cost and outcome of every set that was tested, the smallest first.
        tolerance: In the unit of the costs.
        unit: Of the costs.
        worth: What the shares are of.
    """

    points: tuple[tuple[str, float, Estimate], ...]
    tests: tuple[tuple[float, Estimate, bool], ...]
    tolerance: float
    unit: str
    worth: str


def cost_figure(shown: CostShown) -> "Figure":
    """Cost against how much is averaged: the sets of the certificate as a line, others as points.

    Args:
        shown: The numbers.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    with rc_context(style.STYLE):
        figure = style.empty_figure(WIDTH_INCHES, 3.4)
        axes = figure.subplots()
        axes.axhline(shown.tolerance, color=style.HOST_COLOURS["b"], linewidth=0.8, linestyle=(0, (4, 2)))
        axes.axhline(0, color=style.INK, linewidth=0.6)
        axes.text(
            0.0, shown.tolerance, "tolerance", va="bottom", fontsize=style.SMALL_POINTS, color=style.HOST_COLOURS["b"]
        )
        top = TALLEST * shown.tolerance
        if shown.tests:
            shares = [100 * share for share, _, _ in shown.tests]
            values = [min(cost.value, top) for _, cost, _ in shown.tests]
            axes.plot(shares, values, color=style.HOST_COLOURS["a"], linewidth=0.8, zorder=2, label="tested sets")
            for share, cost, passed in shown.tests:
                _mark(axes, share, cost, top, "o", style.HOST_COLOURS["a"], filled=passed)
        is_named = False
        for name, share, cost in shown.points:
            is_random = name.startswith("random")
            label = None if is_random and is_named else "random" if is_random else name
            is_named = is_named or is_random
            colour = style.HOST_COLOURS["a"] if name == MERGED else style.INK
            _mark(axes, share, cost, top, "*" if name == MERGED else MARKERS.get(name, "x"), colour, label=label)
        costs = [(share, cost) for share, cost, _ in shown.tests] + [(share, cost) for _, share, cost in shown.points]
        beyond = [(100 * share, cost.value) for share, cost in costs if _is_beyond(cost, top)]
        for place, words in arrow_labels(beyond):
            axes.annotate(
                words, (place, top), (0, 6), textcoords="offset points", ha="center", fontsize=style.SMALL_POINTS
            )
        axes.set_xlabel(f"averaged, % of all {shown.worth}")
        axes.set_ylabel(f"rise over network a ({shown.unit})")
        axes.set_xlim(-3, 103)
        axes.margins(y=0.08)
        axes.yaxis.set_major_formatter(lambda value, _: significant_text(value, 2))
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3)
        style.draw_notes(figure, [
            "Filled circles are certified. An arrow stands for costs beyond the picture, with their numbers beside it."
        ])  # fmt: skip
    return figure


def _mark(
    axes: "Axes", share: float, cost: Estimate, top: float, marker: str, colour: str, *, label: str | None = None,
    filled: bool = True,
) -> None:  # fmt: skip
    """One network with its interval; at the top edge where it costs more than the picture holds."""
    x = 100 * share
    is_beyond = _is_beyond(cost, top)
    face = colour if filled else "white"
    look: dict[str, Any] = {
        "color": colour,
        "markerfacecolor": face,
        "markersize": 8 if marker == "*" else 4,
        "zorder": 4,
    }
    y = top if is_beyond else cost.value
    axes.plot([x], [y], marker, label=label, **look)
    if not is_beyond:
        axes.plot([x, x], [max(cost.low, -top), min(cost.high, top)], color=(colour, 0.5), linewidth=0.8, zorder=3)


def _is_beyond(cost: Estimate, top: float) -> bool:
    """Whether a cost is more than the picture holds; NaN is."""
    return not cost.value <= top


def arrow_labels(beyond: Sequence[tuple[float, float]]) -> list[tuple[float, str]]:
    """What stands over the top edge for costs beyond it: one label for those whose numbers would overlap.

    Args:
        beyond: Place on the axis in per cent, and cost.

    Returns:
        Place and words of each label, from the left.

    Example:
        >>> arrow_labels([(0, 2.0), (50, 3.1), (53, 4.2)])
        [(0.0, '↑ 2'), (51.5, '↑ 3.1 to 4.2')]
    """
    groups: list[list[tuple[float, float]]] = []
    for place, cost in sorted(beyond):
        if groups and place - groups[-1][-1][0] < LABEL_PERCENT:
            groups[-1].append((place, cost))
        else:
            groups.append([(place, cost)])
    labels = []
    for group in groups:
        costs = [significant_text(cost, 2) for cost in sorted(cost for _, cost in group)]
        words = costs[0] if costs[0] == costs[-1] else f"{costs[0]} to {costs[-1]}"
        labels.append((sum(place for place, _ in group) / len(group), f"↑ {words}"))
    return labels
