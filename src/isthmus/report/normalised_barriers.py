"""Barriers against what a layer's size would explain: per layer, per squared distance, per parameter."""

import math
from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barrier_table import FULL_NETWORK, in_split, labels, layer_labels, loss_unit
from isthmus.report.question import Question, is_one_pair

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

NORMS = {
    "loss_barrier_ratio": ("number of layers × barrier\n÷ full network's", "per layer"),
    "loss_barrier_per_squared_distance": ("barrier per squared distance\n({unit})", "per squared distance"),
    "loss_barrier_per_parameter": ("barrier per parameter\n({unit})", "per parameter"),
}


def normalised_barriers(result: "xr.Dataset", split: str | None = None) -> "Figure":
    """Every layer's loss barrier divided by its size in three ways, the full network's as a dashed line.

    A layer to the right of its host's line costs more than its share of the full network's barrier.

    Args:
        result: A measurement with single layers.
        split: Which split; may be left out where there is only one.

    Returns:
        The figure, three panels side by side.
    """
    from matplotlib import rc_context

    layers, hosts = layer_labels(result), labels(result, "host")
    part = in_split(result, split)
    row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(hosts) > 1))
    with rc_context(style.STYLE):
        width = style.label_inches(layers) + 1.75 * len(NORMS) + 0.3
        figure = style.empty_figure(width, row_inches * len(layers) + 1.1)
        panels = figure.subplots(1, len(NORMS), sharey=True)
        for (name, (title, _)), axes in zip(NORMS.items(), panels, strict=True):
            for j, host in enumerate(hosts):
                colour, offset = style.HOST_COLOURS[host], 0.36 * (j - (len(hosts) - 1) / 2)
                values = _values(part, name, host)
                for i, layer in enumerate(layers):
                    if math.isfinite(values[layer]):
                        axes.plot([0, values[layer]], [i + offset] * 2, color=style.FAINT, linewidth=0.8, zorder=2)
                        axes.plot([values[layer]], [i + offset], style.HOST_MARKERS[host], color=colour, markersize=3)
                if math.isfinite(values[FULL_NETWORK]):
                    axes.axvline(values[FULL_NETWORK], color=colour, linewidth=0.7, linestyle=(4 * j, (4, 4)), zorder=1)
            axes.axvline(0, color=style.INK, linewidth=0.6, zorder=1)
            axes.set_xlabel(title.format(unit=loss_unit(result)))
            axes.spines["left"].set_visible(False)
            axes.ticklabel_format(axis="x", scilimits=(-2, 3), useMathText=False)
        panels[0].set_yticks(range(len(layers)), layers)
        panels[0].set_ylim(len(layers) - 0.4, -0.6)
        figure.suptitle("Loss barrier" + (f", {split}" if split else ""), fontsize=8, x=0.01, ha="left")
        style.draw_host_legend(figure, hosts)
    return figure


def normalised_sentence(result: "xr.Dataset", split: str | None = None) -> str:
    """How many layers cost more than their share, in each of the three ways.

    Args:
        result: A measurement with single layers.
        split: Which split.

    Returns:
        One sentence.
    """
    part, layers, hosts = in_split(result, split), layer_labels(result), labels(result, "host")
    parts = []
    for host in hosts:
        of_norm = {words: _values(part, name, host) for name, (_, words) in NORMS.items()}
        counts = [
            f"{sum(values[layer] > values[FULL_NETWORK] for layer in layers)} {words}"
            for words, values in of_norm.items()
            if not math.isnan(values[FULL_NETWORK])
        ]
        has_share = len(counts) == len(NORMS)
        parts.append(f"into {host} {', '.join(counts)}" + ("" if has_share else " (there is no full barrier to share)"))
    return f"Of {len(layers)} layers, these have a loss barrier above the full network's: {'; '.join(parts)}."


def _values(part: "xr.Dataset", name: str, host: str) -> dict[str, float]:
    """The values by layer; of r_i the full network's own is 1 where there is a full barrier to share."""
    values = dict(zip(labels(part, "moving"), part[name].sel(host=host).values.tolist(), strict=True))
    if name == "loss_barrier_ratio":
        values[FULL_NETWORK] = 1.0 if float(part["loss_barrier"].sel(host=host, moving=FULL_NETWORK)) > 0 else math.nan
    return values


def _applies(result: "xr.Dataset") -> bool:
    return is_one_pair(result) and set(NORMS) <= set(result) and "single" in labels(result, "sweep")


QUESTIONS = (
    Question("loss_normalised", "Barriers per size of the layer", _applies, normalised_barriers, normalised_sentence),
)
