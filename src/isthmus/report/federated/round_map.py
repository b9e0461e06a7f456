"""Heat map of layers by rounds, or by rules."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.report import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WIDEST_CELL, NARROWEST_CELL = 0.24, 0.035
MARKED_CELL = 0.09  # a narrower cell has no room for a dot
TIMES_THRESHOLD = 10
DARK = 0.5
COLUMN_CHARACTERS = 20


@dataclass(frozen=True)
class Scale:
    """What colours mean.

    Attributes:
        label: Of the colour bar.
        colours: A colour map of matplotlib.
        low: Where colours begin.
        high: Where they end; what lies beyond is saturated.
        threshold: Cells above it have a dot; None for none.
    """

    label: str
    colours: str
    low: float
    high: float
    threshold: float | None = None

    @property
    def ticks(self) -> list[float]:
        """Where the colour bar has numbers."""
        return sorted({self.low, *([0.0] if self.low < 0 < self.high else []), self.high})


def barrier_scale(values: "pd.DataFrame", threshold: float | None) -> Scale:
    """Colours of barriers: white at zero, ending at the largest or at ten times the threshold, whichever is less.

    Args:
        values: Layers by rounds, in nats.
        threshold: Of the rule that averages what is below; None where there is none.

    Returns:
        The scale.
    """
    sizes = np.abs(values.to_numpy()[np.isfinite(values.to_numpy())])
    limit = float(sizes.max(initial=0.0)) or 1.0
    limit = min(limit, TIMES_THRESHOLD * threshold) if threshold else limit
    return Scale("largest loss barrier over pairs (nats)", style.DIVERGING, -limit, limit, threshold)


SHARE_SCALE = Scale("clients that average the layer (%)", "Blues", 0.0, 100.0)


def map_figure(
    values: "pd.DataFrame", scale: Scale, title: str, axis: str = "round", notes: Sequence[str] = ()
) -> "Figure":
    """Layers down, rounds (or rules) across, a coloured cell each.

    A dot marks cells above the scale's threshold, NaN is hatched grey, and the colour bar says where values lie beyond
    the colours.

    Args:
        values: Layers by columns.
        scale: What colours mean.
        title: Stands above.
        axis: What the columns are; "" where their names say it.
        notes: Sentences to write below.

    Returns:
        The figure, as wide as a paper's column unless it needs more.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    layers, columns = [str(layer) for layer in values.index], [str(column) for column in values.columns]
    turned = not axis
    if turned:
        columns = ["\n".join(textwrap.wrap(column, COLUMN_CHARACTERS)) for column in columns]
    lines = [line for column in columns for line in column.splitlines()]
    room = max(style.COLUMN_INCHES - style.label_inches(layers) - 0.3, 1.2)
    cell = min(WIDEST_CELL, max(NARROWEST_CELL, room / len(columns)))
    width = max(style.COLUMN_INCHES, style.label_inches(layers) + cell * len(columns) + 0.3)
    header = (0.85 * style.label_inches(lines) if turned else 0.15) + 0.3
    numbers = values.to_numpy(dtype=np.float64)
    with rc_context(style.STYLE):
        figure = style.empty_figure(width, style.ROW_INCHES * len(layers) + header + 0.75)
        extra = style.draw_notes(figure, [*notes, *_notes(numbers, scale)])
        figure.set_figheight(figure.get_figheight() + 0.12 * extra)
        axes = figure.add_subplot()
        norm, colours = Normalize(scale.low, scale.high), colormaps[scale.colours]
        edges = np.arange(len(columns) + 1) - 0.5, np.arange(len(layers) + 1) - 0.5
        axes.pcolormesh(
            *edges, np.ma.masked_invalid(numbers), norm=norm, cmap=colours, edgecolors="white", linewidth=0.4
        )
        for row, column in np.argwhere(np.isnan(numbers)):
            style.draw_undefined(axes, column - 0.5, row - 0.5, 1, 1)
        if scale.threshold is not None and cell >= MARKED_CELL:
            rows, places = np.nonzero(numbers > scale.threshold)
            inks = [_ink(colours(float(norm(x)))) for x in numbers[rows, places]]
            axes.scatter(places, rows, s=3, c=inks, linewidths=0)
        axes.set_ylim(len(layers) - 0.5, -0.5)
        axes.set_yticks(range(len(layers)), layers)
        axes.tick_params(length=0)
        step = 1 if turned else max(1, math.ceil(style.label_inches([columns[-1]]) * 1.6 / cell))
        axes.set_xticks(range(0, len(columns), step), columns[::step], rotation=90 if turned else 0)
        axes.set_xlabel(axis)
        axes.spines[:].set_visible(False)
        axes.set_title(title, pad=4, wrap=True)
        bar = figure.colorbar(
            ScalarMappable(norm, colours), ax=axes, location="bottom", extend=_extend(numbers, scale), aspect=28,
            pad=0.02,
        )  # fmt: skip
        bar.set_ticks(scale.ticks, labels=[f"{x:.3g}".replace("-", "−") for x in scale.ticks])
        bar.outline.set_linewidth(0.4)
        if scale.threshold is not None and scale.low < scale.threshold < scale.high:
            bar.ax.axvline(scale.threshold, color=style.CELL_INK, linewidth=0.8)
        bar.set_label(scale.label)
    return figure


def _extend(numbers: np.ndarray, scale: Scale) -> str:
    above, below = bool((numbers > scale.high).any()), bool((numbers < scale.low).any())
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get((above, below), "neither")


def _notes(numbers: np.ndarray, scale: Scale) -> list[str]:
    if scale.threshold is None or not (numbers > scale.threshold).any():
        return []
    return [f"Dot: above the threshold of {scale.threshold:g} nats, the line in the colour bar."]


def _ink(colour: tuple[float, ...]) -> str:
    luminance = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    return style.CELL_WHITE if luminance < DARK else style.CELL_INK
