"""Accuracy over rounds: a panel a rule, full averaging and local training in each."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isthmus.measures.estimate import Estimate
from isthmus.report import style
from isthmus.report.federated.accuracy import accuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS_A_ROW = 2
FAINT = "#555555"
PANEL_INCHES, ONE_ROW_INCHES = 1.15, 1.75
TITLE_CHARACTERS = 26
RULE_COLOUR = "#0072B2"
REFERENCES: tuple[tuple[str, Any], ...] = (("#D55E00", (0, (4, 1.5))), ("#555555", (0, (1, 1.2))))
"""Colour and dashes of full averaging and of local training."""
Curve = Mapping[int, Estimate]


def rounds_figure(curves: Mapping[str, Curve], references: tuple[str | None, str | None], axis: str) -> "Figure":
    """The mean accuracy of clients after averaging in every round, with the band over seeds.

    Each rule has a panel, with the lines of full averaging and of local training in it to be compared with; without
    other rules these two share one. The band is the 95 % interval over seeds of the rule; with one seed there is none.

    Args:
        curves: Rule -> round -> error rate.
        references: The labels of full averaging and of local training; None where there is no such rule.
        axis: What the accuracy is of, such as "own test part".

    Returns:
        The figure, as wide as a paper's column; it grows with the rules.
    """
    from matplotlib import rc_context
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    partial = [rule for rule in curves if rule not in references]
    shown = partial or [""]  # one panel where there is nothing to compare with the two
    num_columns = min(PANELS_A_ROW, len(shown))
    num_rows = -(-len(shown) // num_columns)
    known = [(name, *look) for name, look in zip(references, REFERENCES, strict=True) if name in curves]
    has_band = any(not one.is_exact and one.half_width < 100 for curve in curves.values() for one in curve.values())
    with rc_context(style.STYLE):
        figure = style.empty_figure(
            style.COLUMN_INCHES, (PANEL_INCHES * num_rows if num_rows > 1 else ONE_ROW_INCHES) + 0.65
        )
        panels = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False)
        for axes, rule in zip(panels.flat, shown, strict=False):
            for name, colour, dashes in known:
                _draw_curve(axes, curves[str(name)], colour, dashes, has_band=not partial)
            if rule:
                _draw_curve(axes, curves[rule], RULE_COLOUR, "-", has_band=True)
            axes.set_title("\n".join(textwrap.wrap(rule, TITLE_CHARACTERS)), fontsize=7, pad=3)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.grid(axis="y", color="#e6e6e6", linewidth=0.5)
            axes.set_axisbelow(True)
        for axes in panels.flat[len(shown) :]:
            axes.set_axis_off()
            panels[-2, -1].tick_params(labelbottom=True)
        _zoom(panels.flat[0], curves)
        handles: list[Any] = [Line2D([], [], color=RULE_COLOUR, linewidth=1.3, label="the rule")] * bool(partial)
        handles += [Line2D([], [], color=c, linestyle=d, linewidth=1.1, label=str(n)) for n, c, d in known]
        handles += [Patch(facecolor=RULE_COLOUR if partial else FAINT, alpha=0.22, label="95 % over seeds")] * has_band
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1.6, columnspacing=1)
        figure.supxlabel("round", fontsize=8)
        figure.supylabel(f"accuracy, {axis} (%)", fontsize=8)
    return figure


def _draw_curve(axes: "Axes", curve: Curve, colour: str, dashes: Any, *, has_band: bool = False) -> None:
    shown = {number: accuracy(one) for number, one in curve.items()}
    rounds = list(shown)
    mark = "o" if len(rounds) == 1 else None
    axes.plot(
        rounds, [one.value for one in shown.values()], color=colour, linestyle=dashes, linewidth=1.1, marker=mark,
        markersize=3, zorder=3,
    )  # fmt: skip
    if has_band:
        low, high = ([getattr(one, end) for one in shown.values()] for end in ("low", "high"))
        finite = [abs(end) < float("inf") for end in high]
        axes.fill_between(rounds, low, high, where=finite, color=colour, alpha=0.22, linewidth=0, zorder=2)


def _zoom(axes: "Axes", curves: Mapping[str, Curve]) -> None:
    """The axis shows every mean, and of bands what lies within half as much again, never beyond 0 and 100 %."""
    values = [accuracy(one).value for curve in curves.values() for one in curve.values() if not one.is_nan]
    ends = [
        end
        for curve in curves.values()
        for one in map(accuracy, curve.values())
        for end in (one.low, one.high)
        if abs(end) < float("inf")
    ]
    low, high = min(values), max(values)
    reach = 0.5 * (high - low) or 5.0
    bottom, top = max(low - reach, min([low, *ends])), min(high + reach, max([high, *ends]))
    spare = 0.05 * (top - bottom) or 1.0
    axes.set_ylim(max(bottom, 0) - spare, min(top, 100) + spare)
