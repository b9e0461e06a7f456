"""Heat maps of what every rule gains over another, federation by federation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate
from isthmus.report import style
from isthmus.report.collections.columns import cell_text
from isthmus.report.collections.heatmap import CHARACTER_INCHES, draw_row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TILT = 35  # degrees: names of federations are long, cells narrow


def gain_heatmap(
    panels: Mapping[str, Mapping[str, Sequence[Estimate]]], federations: Sequence[str], rules: Sequence[str]
) -> "Figure":
    """What every rule gains, as a coloured cell with its number: blue is better, red is worse.

    Colours end at the largest number. Numbers have the decimals that their 95 % interval supports, and are in grey
    italics where it includes zero.

    Args:
        panels: By the words for what is compared with: rule -> one estimate a federation, NaN where it is missing.
        federations: Their names.
        rules: From top to bottom; one that a panel lacks is left empty there.

    Returns:
        The figure.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.colors import Normalize

    every = [one for rows in panels.values() for cells in rows.values() for one in cells if not one.is_nan]
    limit = max((abs(one.value) for one in every), default=1.0) or 1.0
    norm, colours = Normalize(-limit, limit), colormaps[style.DIVERGING].reversed()
    cell_inches = max(CHARACTER_INCHES * max((len(cell_text(one)) for one in every), default=4) + 0.1, 0.42)
    width = style.label_inches(rules) + len(panels) * (len(federations) * cell_inches + 0.4) + 0.4
    height = style.ROW_INCHES * len(rules) + 1.9
    with rc_context(style.STYLE):
        figure = style.empty_figure(max(style.COLUMN_INCHES, width), height)
        notes = ["Blue: better than the other. Grey italics: the 95 % interval over seeds includes zero."]
        style.draw_notes(figure, notes)
        for axes, (words, rows) in zip(
            figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
        ):
            for rule, cells in rows.items():
                draw_row(axes, rules.index(rule), list(cells), norm, colours, has_numbers=True)
            axes.set_xlim(-0.5, len(federations) - 0.5)
            axes.set_ylim(len(rules) - 0.5, -0.5)
            axes.set_yticks(range(len(rules)), rules)
            axes.set_xticks(range(len(federations)), federations, rotation=TILT, ha="right", rotation_mode="anchor")
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_title(words)
    return figure
