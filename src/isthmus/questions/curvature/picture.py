"""Predicted against measured: does the curvature at the host tell what a layer's midpoint costs?"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import short_list
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.measures.intervals.simultaneous import simultaneous_ends
from isthmus.report import style
from isthmus.report.barriers.table import few_carry
from isthmus.report.cells import Cell, Table
from isthmus.report.shown import FEW_EXAMPLES_MARK
from isthmus.report.significant import interval_text, significant_text
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_NAMED = 5
SPREAD_OF_LINEAR_AXES = 30.0  # times the linear part; beyond it most points would lie in a heap at zero
NUMBER_OFFSETS = ((7, 0), (-7, 0), (0, 8), (0, -8))  # in points
NOTES = (
    "Into a: network a is the host and keeps all layers but the one named, which moves half of the way to those of b.",
    "Predicted rise: half the slope and an eighth of the curvature along the move, both taken at the host on the same "
    "examples. The rise is over the host itself, not over the mean of the two networks.",
    "Over the chord: minus an eighth of the curvature, what a second-order loss has over the straight line between the "
    "two ends of this cut. Negative where the loss curves upwards.",
    "Random direction: what a direction drawn at random in the same layer, of the same length, costs in expectation at "
    "half step; from the trace of the layer's block of the Hessian, with its standard error over the random vectors.",
    "Intervals are 95 %, of the distribution that the examples come from. Predictions have none: they are the "
    f"derivatives on these very examples. {FEW_EXAMPLES_MARK} marks a number that fewer than {FEW} examples carry: its "
    "interval may be too short.",
)


@dataclass(frozen=True)
class _Rise:
    """A single layer moved half-way into a host."""

    layer: str
    host: str
    predicted: float
    measured: float
    low: float
    high: float


def figure(study: "xr.Dataset") -> "Figure":
    """Measured rise of every layer's midpoint over the host against the predicted one, with 95 % intervals.

    On the diagonal prediction and measurement agree. Where the rises differ much, axes are linear up to the median
    half-width of the intervals and logarithmic beyond. The layers with the largest measured rises are numbered.

    Args:
        study: From `isthmus.curvature`.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    every = _rises(study)
    rises = [rise for rise in every if math.isfinite(rise.predicted) and math.isfinite(rise.measured)]
    with rc_context(style.STYLE):
        shown = style.empty_figure(style.PAGE_INCHES, 4.2)
        if len(rises) < len(every):
            style.draw_notes(shown, [f"{len(every) - len(rises)} layers are not shown: their numbers are not finite."])
        axes = shown.subplots()
        _scale(axes, rises)
        both = (*axes.get_xlim(), *axes.get_ylim())
        axes.plot(
            [min(both), max(both)],
            [min(both), max(both)],
            color=style.FAINT,
            linewidth=0.9,
            label="as predicted",
            zorder=1,
        )
        axes.axhline(0, color=style.FAINT, linewidth=0.5, zorder=0)
        axes.axvline(0, color=style.FAINT, linewidth=0.5, zorder=0)
        for host in map(str, study["host"].values):
            _draw_host(axes, [rise for rise in rises if rise.host == host], host)
        axes.set_xlim(both[:2])
        axes.set_ylim(both[2:])
        _number_largest(axes, rises)
        axes.set_xlabel(f"predicted rise over the host ({_unit(study)})")
        axes.set_ylabel(f"measured rise, 95 % interval ({_unit(study)})")
        axes.set_title(f"{_correlation_words(study)}, {len(rises)} layers and hosts", pad=4)
    return shown


def sentence(study: "xr.Dataset") -> str:
    """How well the prediction orders the layers, where it misses most, and what random directions would cost.

    Args:
        study: From `isthmus.curvature`.

    Returns:
        A few sentences, computed.
    """
    rises, unit = _rises(study), _unit(study)
    said = [
        f"Predicted from slope and curvature at the host, the midpoint rises of {study.attrs['num_compared']} layers "
        f"and hosts have {_correlation_words(study).lower()} with the measured ones."
    ]
    known = [rise for rise in rises if math.isfinite(rise.measured) and math.isfinite(rise.predicted)]
    if known:
        largest = max(known, key=lambda rise: abs(rise.measured))
        low, high = simultaneous_ends(largest.measured, largest.low, largest.high, len(known))
        missed = max(known, key=lambda rise: abs(rise.measured - rise.predicted))
        said.append(
            f"Largest is {_named(largest)}: measured {significant_text(largest.measured)} {unit} "
            f"(95 % interval {interval_text(low, high)[1:-1].replace(', ', ' to ')}), predicted "
            f"{significant_text(largest.predicted)}."
        )
        if missed is not largest:
            said.append(
                f"The prediction misses most at {_named(missed)}: {significant_text(missed.predicted)} instead of "
                f"{significant_text(missed.measured)}."
            )
    said.append(_undecided_words(study))
    said += _full_words(study, unit) + _random_words(study)
    return " ".join(said)


def rows(study: "xr.Dataset") -> Table:
    """Every layer and host, the full network first: measured and predicted rises.

    Args:
        study: From `isthmus.curvature`.

    Returns:
        The table.
    """
    columns = ("Layer", "Into", "Measured rise", "Predicted rise", "Over the chord", "Random direction")
    found = []
    for layer in map(str, study["moving"].values):
        for host in map(str, study["host"].values):
            cut = study.sel(moving=layer, host=host)
            mark = FEW_EXAMPLES_MARK if few_carry(cut, "measured_rise") else ""
            low, high, error = (float(cut[n]) for n in ("measured_rise_low", "measured_rise_high", "random_rise_error"))
            around = f"± {significant_text(error, 2)}" if math.isfinite(error) else ""
            found.append((
                Cell(style.row_name(layer)),
                Cell(host),
                _number(float(cut["measured_rise"]), interval_text(low, high), mark),
                _number(float(cut["predicted_rise"])),
                _number(float(cut["predicted_cut_excess"])),
                _number(float(cut["random_rise"]), around),
            ))
    return Table(columns, tuple(found))


def _rises(study: "xr.Dataset") -> list[_Rise]:
    names = ("predicted_rise", "measured_rise", "measured_rise_low", "measured_rise_high")
    return [
        _Rise(layer, host, *(float(study[name].sel(moving=layer, host=host)) for name in names))
        for layer in map(str, study["moving"].values)
        for host in map(str, study["host"].values)
        if layer != FULL_NETWORK
    ]


def _number(value: float, faint: str = "", mark: str = "") -> Cell:
    return Cell(significant_text(value) + mark, faint, repr(value))


def _unit(study: "xr.Dataset") -> str:
    known = {"cross_entropy": "nats", "binary_cross_entropy": "nats per label"}
    return known.get(str(study.attrs.get("loss")).partition(":")[0], "unit of the loss")


def _named(rise: _Rise) -> str:
    return f"{rise.layer} into {rise.host}"


def _undecided_words(study: "xr.Dataset") -> str:
    names = json.loads(str(study.attrs["undecided"]))
    if not names:
        return "No measured interval includes zero."
    into: dict[str, list[str]] = {}
    for name in names:
        layer, _, host = name.rpartition(" into ")
        into.setdefault(layer, []).append(host)
    layers = [f"{layer} into {' and '.join(hosts)}" for layer, hosts in into.items()]
    return f"The measured interval includes zero for {len(names)} of them: {short_list(layers, len(layers))}."


def _correlation_words(study: "xr.Dataset") -> str:
    value = float(study.attrs["rank_correlation"])
    return f"Rank correlation {value:.3f}".replace("-", "−") if math.isfinite(value) else "No rank correlation"


def _full_words(study: "xr.Dataset", unit: str) -> list[str]:
    said = []
    for host in map(str, study["host"].values):
        cut = study.sel(host=host)
        low, high = float(cut["measured_full_excess_low"]), float(cut["measured_full_excess_high"])
        said.append(
            f"into {host} {significant_text(float(cut['predicted_full_excess']))} predicted, "
            f"{significant_text(float(cut['measured_full_excess']))} {interval_text(low, high)} measured"
        )
    same = len(said) == 2 and len({words.split(" ", 2)[2] for words in said}) == 1
    shown = said[0].split(" ", 2)[2] if same else "; ".join(said)
    return [f"The full network's midpoint over the mean of its ends, from the curvature there: {shown} ({unit})."]


def _random_words(study: "xr.Dataset") -> list[str]:
    singles = study.isel(moving=study["moving"].values != FULL_NETWORK)
    random, predicted = (singles[name].values.ravel() for name in ("random_rise", "predicted_rise"))
    known = np.isfinite(random) & np.isfinite(predicted)
    if not known.any():
        return []
    larger = int((predicted[known] > random[known]).sum())
    return [
        f"For {larger} of {int(known.sum())} the predicted rise is above that of a random direction of the same length."
    ]


def _scale(axes: "Axes", rises: Sequence[_Rise]) -> None:
    """Set scales and limits: they hold every value, and the intervals' ends within three times the largest."""
    predicted, measured = ([getattr(rise, name) for rise in rises] or [0.0] for name in ("predicted", "measured"))
    sizes = np.abs([*predicted, *measured])
    reach = 3 * float(sizes.max())
    ends = [min(max(e, -reach), reach) for rise in rises for e in (rise.low, rise.high) if math.isfinite(e)]
    widths = [(rise.high - rise.low) / 2 for rise in rises if math.isfinite(rise.high - rise.low)]
    straight = max(float(np.median(widths)) if widths else 0.0, float(np.quantile(sizes, 0.1)))
    bent = 0 < SPREAD_OF_LINEAR_AXES * straight < sizes.max()
    for axis, values in (("x", predicted), ("y", [*measured, *ends])):
        low, high = min(0.0, *values), max(0.0, *values)
        if bent:
            getattr(axes, f"set_{axis}scale")("symlog", linthresh=straight)
            limits = (min(1.3 * low, -straight / 2), max(1.5 * high, straight))
        else:
            spare = 0.06 * (high - low) or 1.0
            limits = (low - spare, high + spare)
        axes.set(**{f"{axis}lim": limits})
        of_axis = getattr(axes, f"{axis}axis")
        of_axis.set_major_formatter(lambda value, _: significant_text(value, 2))
    if not bent:
        axes.locator_params(nbins=6)


def _draw_host(axes: "Axes", rises: Sequence[_Rise], host: str) -> None:
    if not rises:
        return
    measured = np.array([rise.measured for rise in rises])
    lengths = np.array([[rise.measured - rise.low, rise.high - rise.measured] for rise in rises]).T
    colour = style.HOST_COLOURS[host]
    axes.errorbar(
        [rise.predicted for rise in rises],
        measured,
        yerr=np.nan_to_num(lengths, nan=0.0, posinf=1e30),
        fmt=style.HOST_MARKERS[host],
        color=colour,
        ecolor=(colour, 0.45),
        markersize=3.5,
        markerfacecolor="white" if style.HOST_HATCHES[host] else colour,
        markeredgewidth=0.8,
        elinewidth=0.6,
        label=f"into {host}",
        zorder=3,
    )


def _number_largest(axes: "Axes", rises: Sequence[_Rise]) -> None:
    from matplotlib.lines import Line2D

    largest = sorted(rises, key=lambda rise: -abs(rise.measured))[:NUM_NAMED]
    taken = axes.transData.transform([(rise.predicted, rise.measured) for rise in rises] or np.empty((0, 2)))
    points_per_pixel = 72 / axes.figure.dpi
    for number, rise in enumerate(largest, start=1):
        place = axes.transData.transform((rise.predicted, rise.measured))
        spots = [place + np.array(offset) / points_per_pixel for offset in NUMBER_OFFSETS]
        room = [np.linalg.norm(np.subtract(taken, spot), axis=1).min() for spot in spots]
        best = int(np.argmax(room))
        taken = np.vstack([taken, spots[best]])
        axes.annotate(
            str(number),
            (rise.predicted, rise.measured),
            NUMBER_OFFSETS[best],
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=style.SMALL_POINTS,
            fontweight="bold",
            color=style.HOST_COLOURS[rise.host],
            zorder=4,
        )
    hosts, words = axes.get_legend_handles_labels()
    named = [f"{number} {_named(rise)}" for number, rise in enumerate(largest, start=1)]
    blank = Line2D([], [], linestyle="")
    axes.legend([*hosts, *(blank for _ in named)], [*words, *named], loc="upper left", bbox_to_anchor=(1.0, 1.0))
