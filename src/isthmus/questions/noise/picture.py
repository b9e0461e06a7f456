"""The loss around two networks as a function of the length of noise: the full network above, single layers below."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.questions.noise.reading import KIND_WORDS
from isthmus.report import style
from isthmus.results.rows import labels, moving_groups
from isthmus.results.studies import NOISE_RISE
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KIND_STYLES: Mapping[str, dict[str, Any]] = {
    "averaging": {"color": style.INK, "linestyle": "-", "marker": "o"},
    "training": {"color": "#CC79A7", "linestyle": "-", "marker": "^"},
    "null": {"color": "#009E73", "linestyle": "-", "marker": "s"},
    "random": {"color": "#8C8C8C", "linestyle": (0, (2, 2)), "marker": "x"},
}
NUM_LAYERS_SHOWN = 24  # panels that fit a page; the rest is in the table
NUM_DECADES = 4  # the logarithmic axis begins at most so far below the largest rise
TITLE_LETTERS = {1: 52, 2: 32, 3: 21}  # that fit above a panel, by panels for each host
RANK_POINTS = 5.5


def subspace_panels(study: "xr.Dataset") -> "Figure":
    """The rise of the loss over the host against sigma, a line a kind of direction, one half of the picture a host.

    Bands are 95 % intervals over examples, thin bars one standard deviation over draws. Dotted lines mark half and all
    of the way to the other network. The loss axis is linear about zero and logarithmic beyond, the same for all single
    layers. Of more than 24 layers those with the largest averaging rise are shown.

    Args:
        study: From `isthmus.questions.noise.study.subspace_noise`.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    hosts, layers = labels(study, "host"), shown_layers(study)
    per_host = 1 if len(layers) < 2 else 2 if len(layers) <= 6 else 3
    num_rows = math.ceil(len(layers) / per_host)
    with rc_context(style.STYLE):
        width = style.PAGE_INCHES if len(hosts) > 1 else 0.55 * style.PAGE_INCHES
        figure = style.empty_figure(width, 2.7 + 1.1 * num_rows)
        of_host = [*[1.0] * per_host, 0.15]
        heights = [1.75, *[1.0] * num_rows]
        widths = (of_host * len(hosts))[:-1]
        grid = figure.add_gridspec(1 + num_rows, len(widths), height_ratios=heights, width_ratios=widths)
        of_network: list[Axes] = []
        of_layers: list[Axes] = []
        for h, host in enumerate(hosts):
            columns = range(h * (per_host + 1), h * (per_host + 1) + per_host)
            place = grid[0, columns.start : columns.stop]
            of_network.append(figure.add_subplot(place, sharey=of_network[0] if of_network else None))
            _draw_panel(of_network[-1], study, host, FULL_NETWORK)
            for number, layer in enumerate(layers):
                place = grid[1 + number // per_host, columns[number % per_host]]
                of_layers.append(figure.add_subplot(place, sharey=of_layers[0] if of_layers else None))
                _draw_panel(of_layers[-1], study, host, layer, room=TITLE_LETTERS[per_host])
                of_layers[-1].tick_params(labelleft=h == 0 and number % per_host == 0)
                if number + per_host < len(layers):
                    of_layers[-1].tick_params(labelbottom=False)
        of_network[-1].tick_params(labelleft=len(hosts) == 1)
        _draw_scale(of_network[0], study, [FULL_NETWORK])
        if of_layers:
            _draw_scale(of_layers[0], study, layers)
        _draw_words(figure, study, len(layers))
    return figure


def shown_layers(study: "xr.Dataset") -> list[str]:
    """The moving groups below the full network, at most 24: those with the largest rise towards the other network.

    Args:
        study: The study.

    Returns:
        Labels in layer order.
    """
    names = list(moving_groups(study))
    if len(names) <= NUM_LAYERS_SHOWN:
        return names
    rise = study["loss_rise"].sel(kind="averaging", moving=names).max(["host", "sigma"]).values
    largest = np.argsort(-np.nan_to_num(rise, nan=-np.inf), kind="stable")[:NUM_LAYERS_SHOWN]
    return [names[i] for i in sorted(largest.tolist())]


def _draw_words(figure: "Figure", study: "xr.Dataset", num_layers: int) -> None:
    from matplotlib.lines import Line2D

    unit = "the distance to the other network is 1" if study.attrs["sigma_unit"] == "distance" else "in weight space"
    text = f"length sigma ({unit}); dotted: half and all of the way"
    missing = study.sizes["moving"] - 1 - num_layers
    text += f"\n{missing} layers with smaller rises are not shown" if missing else ""
    figure.supxlabel(text, fontsize=8)
    known = {"cross_entropy": " (nats)", "binary_cross_entropy": " (nats per label)"}
    nats = known.get(str(study.attrs.get("loss")).partition(":")[0], "")
    figure.supylabel(f"rise of the loss over the host{nats}", fontsize=8)
    handles = [
        Line2D([], [], label=KIND_WORDS[kind], markersize=3, linewidth=1.1, **KIND_STYLES[kind])
        for kind in labels(study, "kind")
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4 if study.sizes["host"] > 1 else 2)


def _draw_panel(axes: "Axes", study: "xr.Dataset", host: str, moving: str, *, room: int = 0) -> None:
    """One host and moving group; `room` is the number of letters of a small panel's title."""
    cell = study.sel(host=host, moving=moving)
    sigma = study["sigma"].values
    order = np.argsort(sigma)
    for kind in labels(study, "kind"):
        rise, low, high, spread = (
            cell[name].sel(kind=kind).values[order]
            for name in (NOISE_RISE.name, NOISE_RISE.low, NOISE_RISE.high, NOISE_RISE.spread)
        )
        look, front = KIND_STYLES[kind], 4 if kind == "averaging" else 3
        width, size = (0.9, 2) if room else (1.2, 3)
        axes.plot(sigma[order], rise, linewidth=width, markersize=size, zorder=front, **look)
        axes.fill_between(sigma[order], low, high, color=look["color"], alpha=0.2, linewidth=0)
        axes.errorbar(sigma[order], rise, yerr=np.nan_to_num(spread), fmt="none", ecolor=look["color"], elinewidth=0.5)
    axes.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
    scale = 1.0 if study.attrs["sigma_unit"] == "distance" else float(cell["distance"])
    for way in (0.5 * scale, scale):
        if 0 < way <= sigma.max():
            axes.axvline(way, color=style.INK, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    words = f"rank {int(cell['rank'])}" + (", no null space" if int(cell["null_dimension"]) == 0 else "")
    if room:
        name = moving if len(moving) <= room else f"…{moving[1 - room :]}"
        axes.set_title(name, pad=2, fontsize=style.SMALL_POINTS)
        axes.text(0.04, 0.97, words, transform=axes.transAxes, va="top", fontsize=RANK_POINTS)
        axes.tick_params(labelsize=style.SMALL_POINTS)
    else:
        axes.set_title(f"full network, leaving {host} ({words} of {int(study['num_snapshots'])} snapshots)", pad=4)


def _draw_scale(axes: Any, study: "xr.Dataset", moving: Sequence[str]) -> None:
    """Linear up to what the data can tell from zero or 1e-4 of the largest rise, logarithmic beyond."""
    part = study.sel(moving=list(moving))
    rises, widths = part["loss_rise"].values, ((part["loss_rise_high"] - part["loss_rise_low"]) / 2).values
    rises, widths = rises[np.isfinite(rises)], widths[np.isfinite(widths) & (widths > 0)]
    reach = float(abs(rises).max(initial=0.0)) or 1.0
    told = float(np.median(widths)) if len(widths) else 0.0
    linear = round(math.log10(max(reach / 10**NUM_DECADES, told)))
    axes.set_yscale("symlog", linthresh=10.0**linear, linscale=0.7)
    powers = range(linear, max(math.ceil(math.log10(reach)), linear) + 1)
    decades = [10.0**power for power in powers][:: 1 + len(powers) // 5]
    lowest = -min(float(rises.min(initial=0.0)), -(10.0**linear))
    ticks = [-tick for tick in decades[::-1] if tick <= lowest] + [0.0] + decades
    axes.set_yticks(ticks, labels=[f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.minorticks_off()
    lows = part["loss_rise_low"].values
    axes.set_ylim(-1.5 * max(lowest, -float(lows[np.isfinite(lows)].min(initial=0.0))), 2 * max(reach, 10.0**linear))
