"""Alone against together: what each layer costs by itself, and its part of what averaging everything costs."""

from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report import style
from isthmus.report.barriers.bars import draw_panel
from isthmus.report.cells import Cell, Table
from isthmus.report.shown import FEW_EXAMPLES_MARK, CutEstimate, trust_mark
from isthmus.report.significant import ends_text, interval_text, significant_text
from isthmus.results.estimates import estimate_at
from isthmus.results.rows import labels

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTES = (
    "Together: the layer's Shapley value, what it adds to the host's loss on joining the averaged layers before it, on "
    "average over all orders in which layers can join. The values of a host add up to what averaging everything costs.",
    "Alone: the rise of the host's loss when this layer alone is averaged. Where it is smaller than the value together "
    "the layer costs more beside others; where it is larger, others have paid for it.",
    "Share of the squared distance: how much of the way between the networks lies in this layer. It is the layer's "
    "share of the cost where the loss is an isotropic bowl.",
    "Intervals are 95 %, of the distribution that the examples come from. Where orders were drawn, the interval over "
    f"orders beside it (±) says how far the value may be from the one over all orders. {FEW_EXAMPLES_MARK} marks a "
    f"number that fewer than {FEW} examples carry: its interval may be too short.",
)


def figure(study: "xr.Dataset") -> "Figure":
    """One row a layer: a bar for its value with its interval, a diamond for its cost alone; beside it its distance.

    Args:
        study: From `isthmus.attribution`.

    Returns:
        The figure.
    """
    from matplotlib import rc_context

    layers, hosts = labels(study, "layer"), labels(study, "host")
    with rc_context(style.STYLE):
        width = max(style.COLUMN_INCHES + 1.6, style.label_inches(layers) + 3.6)
        row_inches = style.ROW_INCHES * (1.0 + 0.35 * (len(hosts) > 1))
        shown = style.empty_figure(width, row_inches * len(layers) + 1.1)
        together, beside = shown.subplots(1, 2, width_ratios=[3, 1.2], sharey=True)
        draw_panel(together, _cells(study, "shapley"), layers, _cells(study, "alone"))
        together.set_xlabel(f"part of the full rise ({_unit(study)})")
        _draw_shares(beside, study)
        style.draw_host_legend(shown, hosts, has_barriers=False)
        style.draw_notes(shown, ["Bars: together with others, 95 % interval. Diamonds: the layer alone."])
    return shown


def _draw_shares(axes: "Axes", study: "xr.Dataset") -> None:
    values = [100 * float(value) for value in study["distance_share"].isel(host=0).values]
    axes.barh(range(len(values)), values, 0.5, color=style.FAINT)
    axes.set_xlabel("share of squared\ndistance (%)")
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=style.INK, linewidth=0.6)
    axes.locator_params(axis="x", nbins=3)


def _cells(study: "xr.Dataset", name: str) -> list[list[CutEstimate]]:
    return [
        [
            CutEstimate(layer, host, estimate_at(study.sel(layer=layer, host=host), name))
            for host in labels(study, "host")
        ]
        for layer in labels(study, "layer")
    ]


def sentence(study: "xr.Dataset") -> str:
    """What averaging everything costs, who makes it, and how that differs from what layers cost alone.

    Args:
        study: From `isthmus.attribution`.

    Returns:
        A few sentences, computed.
    """
    said = []
    for host in labels(study, "host"):
        of_host = study.sel(host=host)
        full = estimate_at(of_host, "full_rise")
        values = {layer: estimate_at(of_host.sel(layer=layer), "shapley") for layer in labels(study, "layer")}
        most = max(values, key=lambda layer, values=values: values[layer].value)  # type: ignore[misc]
        single = float(of_host["alone"].sum())
        alone = estimate_at(of_host.sel(layer=most), "alone")
        said.append(
            f"Averaging everything costs {host} {significant_text(full.value)} {_unit(study)} (95 % interval "
            f"{ends_text(full)}). The largest part of it is {most}'s: "
            f"{_part_words(values[most].among(len(values)), full)}; alone it costs {significant_text(alone.value)}. "
            f"All layers alone add up to {significant_text(single)}."
        )
    return " ".join([*said, _method_words(study)])


def _part_words(part: Estimate, full: Estimate) -> str:
    share = f", {100 * part.value / full.value:.0f} %" if full.low > 0 else ""
    return f"{significant_text(part.value)} (95 % interval {ends_text(part)}{share})"


def _method_words(study: "xr.Dataset") -> str:
    number = int(study.attrs["num_coalitions"])
    if bool(study.attrs["is_exact"]):
        return f"The values are exact for these examples: all {number} sets of layers were evaluated."
    half = ((study["shapley_orders_high"] - study["shapley_orders_low"]) / 2).max()
    return (
        f"The values come from {study.attrs['num_orders']} orders of the layers; over all orders they are known to "
        f"{significant_text(float(half), 2)} {_unit(study)} or better (95 %)."
    )


def rows(study: "xr.Dataset") -> Table:
    """Every layer and host: its value, its cost alone and its distance.

    Args:
        study: From `isthmus.attribution`.

    Returns:
        The table.
    """
    has_orders = "shapley_orders_low" in study
    found = []
    for layer in labels(study, "layer"):
        for host in labels(study, "host"):
            cut = study.sel(layer=layer, host=host)
            cells = [Cell(layer), Cell(host), _number(estimate_at(cut, "shapley"))]
            if has_orders:
                half = float(cut["shapley_orders_high"] - cut["shapley_orders_low"]) / 2
                cells.append(Cell(f"± {significant_text(half, 2)}", stored=repr(half)))
            share = 100 * float(cut["distance_share"])
            cells += [_number(estimate_at(cut, "alone")), Cell(f"{share:.1f}", stored=repr(share))]
            found.append(tuple(cells))
    orders = ("Orders",) if has_orders else ()
    columns = ("Layer", "Into", "Together", *orders, "Alone", "% of squared distance")
    return Table(columns, tuple(found))


def _number(value: Estimate) -> Cell:
    return Cell(significant_text(value.value) + trust_mark(value), interval_text(value), repr(value.value))


def _unit(study: "xr.Dataset") -> str:
    return "nats" if str(study.attrs.get("loss")).startswith("cross_entropy") else "unit of the loss"
