"""Interactions: layers against layers, how much two of them cost together beyond the sum of each."""

from itertools import combinations
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.table import PERCENT
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.cells import DECIDED, Cell, Panel, cell_map
from isthmus.report.rows.question import is_one_pair, loss_and_error
from isthmus.report.shown import CutEstimate
from isthmus.report.values import kind_of
from isthmus.results.estimates import ENDS, estimates_of
from isthmus.results.rows import in_split, labels
from isthmus.results.units import shown_unit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

    from isthmus.measures.barrier import Quantity

MIDDLE = 0.5
SIDE_BY_SIDE = 24  # layers; with more, two triangles are wider than a page
CELL_INCHES = 0.135
CORNERS = ((-0.42, -0.42), (0.42, -0.42), (0.42, 0.42), (-0.42, 0.42), (-0.42, -0.42))


def nearest_alpha(result: "xr.Dataset") -> float:
    """The alpha whose interactions are shown.

    Args:
        result: A measurement.

    Returns:
        The midpoint, or what is nearest to it on the grid.
    """
    return min((float(alpha) for alpha in result["alpha"].values), key=lambda alpha: (abs(alpha - MIDDLE), -alpha))


def shown_interactions(result: "xr.Dataset", value: str, split: str | None) -> "xr.Dataset":
    """The interactions of one split as they are shown.

    Args:
        result: A measurement with the sweeps `single` and `pairs` whose per-example losses are at hand.
        value: Of the loss or of the error.
        split: Which split.

    Returns:
        As `isthmus.interactions`; errors in percentage points.
    """
    from isthmus.questions.interactions.answer import interactions

    quantity: Quantity = "error" if kind_of(value) == "error" else "loss"
    whole = interactions(result, nearest_alpha(result), quantity)
    return in_split(whole, split) * (PERCENT if quantity == "error" else 1.0)


def interaction_matrix(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> "Figure":
    """R_ij - R_i - R_j of the rises over the host for every two layers, one panel a host.

    Args:
        result: A measurement with the sweeps `single` and `pairs` whose per-example losses are at hand.
        value: Of the loss, or of the error in percentage points.
        split: Which split; may be left out where there is only one.

    Returns:
        As `matrix_figure`.
    """
    title = f"{kind_of(value).capitalize()} interaction, alpha {nearest_alpha(result):g}"
    found = shown_interactions(result, value, split)
    return matrix_figure(found, f"{title}, {split}" if split else title, _unit(result, value))


def matrix_figure(found: "xr.Dataset", title: str, unit: str) -> "Figure":
    """Interactions as coloured cells, one panel a host.

    Colours diverge from white at zero and end at the largest interaction whose 95 % interval excludes zero, or at the
    median half-width where that is larger, so that mere noise looks pale. A cell is outlined where its interval
    excludes zero. NaN is hatched grey; the diagonal stays empty.

    Args:
        found: Interactions over (host, layer, other_layer), as `isthmus.interactions` gives them.
        title: Over the picture.
        unit: Of the interactions.

    Returns:
        The figure; panels stand below one another where there are many layers.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    hosts, layers = labels(found, "host"), labels(found, "layer")
    limit = _limit(found)
    norm, colours = Normalize(-limit, limit), colormaps[style.DIVERGING]
    side, names = CELL_INCHES * max(len(layers), 8), style.label_inches(layers) * 0.9
    beside = len(layers) <= SIDE_BY_SIDE
    rows, columns = (1, len(hosts)) if beside else (len(hosts), 1)
    with rc_context(style.STYLE):
        width = max(style.COLUMN_INCHES, columns * (side + 0.15) + names + 0.2)
        figure = style.empty_figure(width, rows * (side + 0.3) + names + 0.95)
        # Square panels would stand far apart in the usual layout.
        figure.set_layout_engine("compressed")
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).reshape(-1)
        for host, axes in zip(hosts, panels, strict=True):
            _draw_cells(axes, found.sel(host=host), colours, norm)
            axes.set_title(f"into {host}", pad=3)
            axes.set_xticks(range(len(layers)), layers, rotation=90, fontsize=6)
            axes.set_yticks(range(len(layers)), layers, fontsize=6)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_aspect("equal")
        figure.suptitle(title, fontsize=8)
        bar = figure.colorbar(
            ScalarMappable(norm, colours), ax=list(panels), location="bottom", aspect=32, pad=0.02, shrink=0.8,
            extend=_extend(found, limit),
        )  # fmt: skip
        bar.set_ticks([-limit, 0, limit], labels=[style.limit_text(x) for x in (-limit, 0, limit)])
        bar.outline.set_linewidth(0.4)
        bar.set_label(f"rise of both − sum of the two rises ({unit})")
        style.draw_notes(figure, [DECIDED])
    return figure


def interaction_drawing(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> Canvas:
    """The same for the page, a panel a host.

    Args:
        result: A measurement with the sweeps `single` and `pairs` whose per-example losses are at hand.
        value: Of the loss, or of the error in percentage points.
        split: Which split; may be left out where there is only one.

    Returns:
        The picture.
    """
    found = shown_interactions(result, value, split)
    hosts, layers = labels(found, "host"), labels(found, "layer")
    numbers = estimates_of(found.transpose("host", "layer", "other_layer", ...), "interaction")

    def cell(host: str, one: str, other: str) -> Cell:
        number = numbers[host, one, other]
        is_own = one == other
        return Cell(number, "" if is_own else number.text, "" if is_own else f"{number.text} {number.interval_text}")

    panels = [
        Panel(layers, layers, [[cell(host, one, other) for other in layers] for one in layers], f"into {host}")
        for host in hosts
    ]
    label = f"rise of both − sum of the two rises ({_unit(result, value)})"
    return cell_map(panels, _limit(found), label, outlined=True)


def _draw_cells(axes: "Axes", found: "xr.Dataset", colours: "Colormap", norm: "Normalize") -> None:
    import numpy as np
    from matplotlib.collections import LineCollection

    middle, low, high = (found[f"interaction{end}"].transpose("layer", "other_layer").values for end in ENDS)
    n = len(middle)
    off = ~np.eye(n, dtype=bool)
    edges = np.arange(n + 1) - 0.5
    axes.pcolormesh(
        edges, edges, np.ma.masked_invalid(middle), cmap=colours, norm=norm, edgecolors="white", linewidth=0.3
    )
    clear = np.argwhere(off & ((low > 0) | (high < 0)))
    boxes = [[(j + x, i + y) for x, y in CORNERS] for i, j in clear]
    axes.add_collection(LineCollection(boxes, colors=style.CELL_INK, linewidths=0.7))
    for i, j in np.argwhere(off & np.isnan(middle)):
        style.draw_undefined(axes, j - 0.5, i - 0.5, 1, 1)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)


def _unit(result: "xr.Dataset", value: str) -> str:
    return shown_unit(result, kind_of(value))


def _limit(found: "xr.Dataset") -> float:
    import numpy as np

    middle, low, high = (found[f"interaction{end}"].values for end in ENDS)
    clear = np.abs(middle[np.isfinite(middle) & ((low > 0) | (high < 0))])
    widths = (high - low)[np.isfinite(high - low)] / 2
    return float(max([*clear, float(np.median(widths)) if widths.size else 0.0])) or 1.0


def _extend(found: "xr.Dataset", limit: float) -> str:
    above, below = bool((found["interaction"] > limit).any()), bool((found["interaction"] < -limit).any())
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get((above, below), "neither")


def interaction_sentence(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> str:
    """How many pairs interact, and which one most.

    Args:
        result: A measurement with the sweeps `single` and `pairs` whose per-example losses are at hand.
        value: Of the loss or of the error.
        split: Which split.

    Returns:
        One sentence. It says how many intervals would exclude zero by chance, since each holds for itself.
    """
    return matrix_words(shown_interactions(result, value, split), _unit(result, value))


def matrix_words(found: "xr.Dataset", unit: str) -> str:
    """The sentence of `interaction_sentence`.

    Args:
        found: As for `matrix_figure`.
        unit: Of the interactions.

    Returns:
        One sentence.
    """
    cells = _pairs(found)
    known = [cell for cell in cells if not cell.estimate.is_nan]
    if not known:
        return "No pair of layers has an interaction that is a number."
    more, less = [cell for cell in known if cell.estimate.low > 0], [cell for cell in known if cell.estimate.high < 0]
    most = max([*more, *less] or known, key=lambda cell: abs(cell.estimate.value))
    number = most.estimate.among(len(known))
    hosts = "into either host" if found.sizes["host"] > 1 else f"into {labels(found, 'host')[0]}"
    return (
        f"Of {len(cells)} pairs of layers {hosts}, {len(more)} cost clearly more together than the sum of each alone "
        f"and {len(less)} clearly less, where up to about {round(0.05 * len(cells))} would by chance; the largest "
        f"{'clear ' if more or less else ''}interaction is {number.text} {unit} {number.interval_text}, "
        f"{most.layer} into {most.host}."
    )


def _pairs(found: "xr.Dataset") -> list[CutEstimate]:
    """Every pair once, into every host."""
    layers = labels(found, "layer")
    of_pairs = estimates_of(found.transpose("host", "layer", "other_layer", ...), "interaction")
    return [
        CutEstimate(f"{one} with {other}", host, of_pairs[host, one, other])
        for host in labels(found, "host")
        for one, other in combinations(layers, 2)
    ]


def _applies(result: "xr.Dataset") -> bool:
    if not (is_one_pair(result) and {"single", "pairs"} <= set(labels(result, "sweep"))):
        return False
    from isthmus.runs.folder.loading import has_losses

    return has_losses(result)


interaction_pictures = loss_and_error(
    "interactions",
    "Pairs of layers: do they add up",
    _applies,
    interaction_matrix,
    interaction_sentence,
    interaction_drawing,
)
