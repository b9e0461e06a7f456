"""Predicted against measured: does the curvature at the host tell what a layer's midpoint costs?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import short_list
from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.questions.curvature.undecided import undecided_cuts
from isthmus.report import style
from isthmus.report.cells import Cell, Table
from isthmus.report.shown import FEW_EXAMPLES_MARK, trust_mark
from isthmus.report.significant import ends_text, interval_text, significant_text
from isthmus.results.estimates import estimate_at
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_NAMED = 5
WIDTH_INCHES = 4.2  # so that its letters are read on a phone
LONGEST_OF_TWO = 32  # characters of a legend that has room for two columns
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
class _Midpoint:
    """The rise of a single layer moved half-way into a host."""

    layer: str
    host: str
    predicted: float
    measured: Estimate


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
    rises = [rise for rise in every if math.isfinite(rise.predicted) and math.isfinite(rise.measured.value)]
    with rc_context(style.STYLE):
        shown = style.empty_figure(WIDTH_INCHES, 4.8)
        if len(rises) < len(every):
            style.draw_notes(shown, [f"{len(every) - len(rises)} layers are not shown: their numbers are not finite."])
        axes = shown.subplots()
        _scale(axes, rises)
        both = (*axes.get_xlim(), *axes.get_ylim())
        ends = [min(both), max(both)]
        axes.plot(ends, ends, color=style.FAINT, linewidth=0.9, label="as predicted", zorder=1)
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
    known = [rise for rise in rises if math.isfinite(rise.measured.value) and math.isfinite(rise.predicted)]
    if known:
        largest = max(known, key=lambda rise: abs(rise.measured.value))
        missed = max(known, key=lambda rise: abs(rise.measured.value - rise.predicted))
        said.append(
            f"Largest is {_named(largest)}: measured {significant_text(largest.measured.value)} {unit} "
            f"(95 % interval {ends_text(largest.measured.among(len(known)))}), predicted "
            f"{significant_text(largest.predicted)}."
        )
        if missed is not largest:
            said.append(
                f"The prediction misses most at {_named(missed)}: {significant_text(missed.predicted)} instead of "
                f"{significant_text(missed.measured.value)}."
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
            measured, error = estimate_at(cut, "measured_rise"), float(cut["random_rise_error"])
            around = f"± {significant_text(error, 2)}" if math.isfinite(error) else ""
            found.append((
                Cell(style.row_name(layer)),
                Cell(host),
                _number(measured.value, interval_text(measured), trust_mark(measured)),
                _number(float(cut["predicted_rise"])),
                _number(float(cut["predicted_cut_excess"])),
                _number(float(cut["random_rise"]), around),
            ))
    return Table(columns, tuple(found))


def _rises(study: "xr.Dataset") -> list[_Midpoint]:
    return [
        _Midpoint(layer, host, float(cut["predicted_rise"]), estimate_at(cut, "measured_rise"))
        for layer in map(str, study["moving"].values)
        for host in map(str, study["host"].values)
        if layer != FULL_NETWORK
        for cut in [study.sel(moving=layer, host=host)]
    ]


def _number(value: float, faint: str = "", mark: str = "") -> Cell:
    return Cell(significant_text(value) + mark, faint, repr(value))


def _unit(study: "xr.Dataset") -> str:
    known = {"cross_entropy": "nats", "binary_cross_entropy": "nats per label"}
    return known.get(str(study.attrs.get("loss")).partition(":")[0], "unit of the loss")


def _named(rise: _Midpoint) -> str:
    return f"{rise.layer} into {rise.host}"


def _undecided_words(study: "xr.Dataset") -> str:
    cuts = undecided_cuts(study)
    if not cuts:
        return "No measured interval includes zero."
    into: dict[str, list[str]] = {}
    for layer, host in cuts:
        into.setdefault(layer, []).append(host)
    layers = [f"{layer} into {' and '.join(hosts)}" for layer, hosts in into.items()]
    return f"The measured interval includes zero for {len(cuts)} of them: {short_list(layers, len(layers))}."


def _correlation_words(study: "xr.Dataset") -> str:
    value = float(study.attrs["rank_correlation"])
    return f"Rank correlation {value:.3f}".replace("-", "−") if math.isfinite(value) else "No rank correlation"


def _full_words(study: "xr.Dataset", unit: str) -> list[str]:
    said = []
    for host in map(str, study["host"].values):
        cut = study.sel(host=host, moving=FULL_NETWORK)
        measured = estimate_at(cut, "measured_full_excess")
        said.append(
            f"into {host} {significant_text(float(cut['predicted_full_excess']))} predicted, "
            f"{significant_text(measured.value)} {interval_text(measured)} measured"
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


def _scale(axes: "Axes", rises: Sequence[_Midpoint]) -> None:
    """Set scales and limits: they hold every value, and the intervals' ends within three times the largest."""
    predicted = [rise.predicted for rise in rises] or [0.0]
    measured = [rise.measured.value for rise in rises] or [0.0]
    sizes = np.abs([*predicted, *measured])
    reach = 3 * float(sizes.max())
    every = [end for rise in rises for end in (rise.measured.low, rise.measured.high)]
    ends = [min(max(end, -reach), reach) for end in every if math.isfinite(end)]
    widths = [rise.measured.half_width for rise in rises if math.isfinite(rise.measured.half_width)]
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


def _draw_host(axes: "Axes", rises: Sequence[_Midpoint], host: str) -> None:
    if not rises:
        return
    measured, low, high = (
        np.array([getattr(rise.measured, end) for rise in rises]) for end in ("value", "low", "high")
    )
    lengths = np.array([measured - low, high - measured])
    colour = style.HOST_COLOURS[host]
    axes.errorbar(
        [rise.predicted for rise in rises],
        measured,
        # An infinite bar can't be drawn; this one leaves the picture.
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


def _number_largest(axes: "Axes", rises: Sequence[_Midpoint]) -> None:
    from matplotlib.lines import Line2D

    largest = sorted(rises, key=lambda rise: -abs(rise.measured.value))[:NUM_NAMED]
    taken = axes.transData.transform([(rise.predicted, rise.measured.value) for rise in rises] or np.empty((0, 2)))
    points_per_pixel = 72 / axes.figure.dpi
    for number, rise in enumerate(largest, start=1):
        place = axes.transData.transform((rise.predicted, rise.measured.value))
        spots = [place + np.array(offset) / points_per_pixel for offset in NUMBER_OFFSETS]
        room = [np.linalg.norm(np.subtract(taken, spot), axis=1).min() for spot in spots]
        best = int(np.argmax(room))
        taken = np.vstack([taken, spots[best]])
        axes.annotate(
            str(number),
            (rise.predicted, rise.measured.value),
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
    handles = [*hosts, *(blank for _ in named)]
    num_columns = 2 if max(map(len, named), default=0) <= LONGEST_OF_TWO else 1
    axes.figure.legend(handles, [*words, *named], loc="outside lower left", ncols=num_columns)
