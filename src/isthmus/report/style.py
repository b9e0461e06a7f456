"""The look of every picture: type, sizes, colours and hatches (a paper's column, 8 point)."""

import io
import textwrap
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from isthmus.report.svg import compact
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from isthmus.measures.estimate import Estimate

# A paper's column and page; a row holds a line of the smallest text.
COLUMN_INCHES = 3.4
PAGE_INCHES = 6.9
ROW_INCHES = 0.165
SMALL_POINTS = 6.5
ROW_GAP = 0.5
# Two of Okabe and Ito's colours, which the colour-blind can tell apart; hatches and markers do it in print.
HOST_COLOURS = {"a": "#0072B2", "b": "#D55E00"}
HOST_HATCHES = {"a": "", "b": "//////"}
HOST_MARKERS = {"a": "o", "b": "s"}
DIVERGING = "RdBu_r"
BEYOND = {1: "#000000", -1: "#00004d"}
DEPTH = "viridis"
UNDEFINED_FILL, UNDEFINED_HATCH, UNDEFINED_INK = "#dddddd", "/////", "#999999"
INK, FAINT = "#222222", "#bbbbbb"
CELL_INK, CELL_WHITE = "#111111", "#fefefe"
"""What is drawn on colours that stand for numbers. Pages leave it as it is; INK and white follow the reader's theme."""

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so it is there on every machine
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "hatch.linewidth": 0.5,
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text, which a search finds
    "svg.hashsalt": "isthmus",  # the names of parts are random otherwise
    "text.parse_math": False,  # a dollar sign in a layer's name is one
    "figure.facecolor": "white",
}


def empty_figure(width_inches: float, height_inches: float) -> "Figure":
    """A figure without global state, laid out so that labels never overlap.

    Args:
        width_inches: Width.
        height_inches: Height.

    Returns:
        The figure; fill it inside `matplotlib.rc_context(STYLE)`.
    """
    from isthmus.report.figure import figure_of

    return figure_of(width_inches, height_inches)


def label_inches(labels: Iterable[str]) -> float:
    """The room that row labels of 7 points need.

    Args:
        labels: The labels.

    Returns:
        An upper estimate in inches.
    """
    return 0.062 * max((len(label) for label in labels), default=0)


def row_positions(num_layers: int) -> list[float]:
    """Where rows stand from top to bottom: the full network at 0, a gap, then the layers.

    Args:
        num_layers: How many rows follow the full network.

    Returns:
        Positions in units of one row.
    """
    return [0.0] + [1 + ROW_GAP + i for i in range(num_layers)]


def row_name(label: str) -> str:
    """The words for a row.

    Args:
        label: A label of `moving`.

    Returns:
        The label, or "full network" for the row `all`.
    """
    return "full network" if label == FULL_NETWORK else label


def draw_notes(figure: "Figure", notes: list[str]) -> int:
    """Writes notes below a figure, wrapped to its width.

    Args:
        figure: The figure.
        notes: Sentences.

    Returns:
        How many lines the notes take.
    """
    lines = [line for note in notes for line in textwrap.wrap(note, int(figure.get_figwidth() / 0.047))]
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=SMALL_POINTS, color=INK)
    return len(lines)


def diverging() -> "Colormap":
    """The colours of heat maps: what lies beyond their ends is black or dark blue, unlike any number within them.

    Returns:
        A colour map.
    """
    from matplotlib import colormaps

    return colormaps[DIVERGING].with_extremes(over=BEYOND[1], under=BEYOND[-1])


def beyond(estimates: "Sequence[Estimate]", limit: float) -> str:
    """At which ends of a colour bar values lie outside the colours.

    Args:
        estimates: The numbers.
        limit: Where the colours end, in both directions.

    Returns:
        "neither", "min", "max" or "both", as matplotlib's `extend`.
    """
    above = any(one.value > limit for one in estimates)
    below = any(one.value < -limit for one in estimates)
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get((above, below), "neither")


def draw_undefined(axes: "Axes", left: float, bottom: float, width: float, height: float) -> None:
    """A grey hatched patch that stands for a number that is not defined.

    Args:
        axes: Where.
        left: Left edge in data units.
        bottom: Lower edge.
        width: Width.
        height: Height.
    """
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (left, bottom),
            width,
            height,
            facecolor=UNDEFINED_FILL,
            edgecolor=UNDEFINED_INK,
            hatch=UNDEFINED_HATCH,
            linewidth=0,
        )
    )


def picture_bytes(figure: "Figure", file_format: str) -> bytes:
    """A figure as a file's content, the same bytes every time.

    Args:
        figure: The figure.
        file_format: `"svg"` or `"png"`.

    Returns:
        The file's content; it holds no date and no version.
    """
    from matplotlib import rc_context

    # A date, or matplotlib's version, would change the bytes.
    metadata = {"svg": {"Date": None}, "png": {"Software": None}}[file_format]
    content = io.BytesIO()
    with rc_context(STYLE), warnings.catch_warnings():
        # Names may hold letters that the font lacks; in the SVG they are text and come out right.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(content, format=file_format, metadata=metadata)
    return compact(content.getvalue()) if file_format == "svg" else content.getvalue()


def limit_text(limit: float) -> str:
    """A number on a colour bar, with two significant digits.

    Args:
        limit: The number.

    Returns:
        Text such as `"−0.22"`.
    """
    return f"{limit:.2g}".replace("-", "−")


def axis_limits(estimates: "Sequence[Estimate]") -> tuple[float, float]:
    """The range of a bar's axis: zero, all finite values, and the intervals' ends within reason.

    A finite interval's end counts up to three times the largest of the finite values and of the median half-width, an
    infinite one not at all, so that one interval without bounds does not press all bars to zero.

    Args:
        estimates: The numbers of one panel.

    Returns:
        Lower and upper limit, with five percent to spare.
    """
    import numpy as np

    values = [one.value for one in estimates if np.isfinite(one.value)]
    widths = [one.half_width for one in estimates if np.isfinite(one.half_width)]
    reach = 3 * max([abs(value) for value in values] + [float(np.median(widths)) if widths else 0.0], default=0.0)
    ends = [end for one in estimates for end in (one.low, one.high) if np.isfinite(end)]
    inside = [0.0, *values, *(min(max(end, -reach), reach) for end in ends)]
    low, high = min(inside), max(inside)
    spare = 0.05 * (high - low) or 1.0
    return (low - spare if low < 0 else low - 0.2 * spare, high + spare)


def draw_host_legend(figure: "Figure", hosts: Iterable[str], *, has_barriers: bool = False) -> None:
    """A legend of the hosts' colours and hatches above a figure.

    Args:
        figure: The figure.
        hosts: Which hosts it shows.
        has_barriers: Whether diamonds stand for barriers.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    patches: list[Any] = [
        Patch(
            facecolor="white" if HOST_HATCHES[host] else HOST_COLOURS[host],
            edgecolor=HOST_COLOURS[host],
            hatch=HOST_HATCHES[host],
            linewidth=0.6,
            label=f"into {host}",
        )
        for host in hosts
    ]
    if has_barriers:
        look: dict[str, Any] = {"marker": "D", "markersize": 2.6, "markerfacecolor": "white", "markeredgewidth": 0.7}
        patches.append(Line2D([], [], color=INK, linestyle="none", label="barrier", **look))
    figure.legend(handles=patches, loc="outside upper right", ncols=len(patches), handlelength=1.6)
