"""Are the features of the blend the blend of the features? Layer by layer, beside how unlike the networks are."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import percentage_points
from isthmus.report import style
from isthmus.report.cells import Cell, Table
from isthmus.report.significant import interval_text, interval_words, significant_text
from isthmus.results.estimates import estimate_at
from isthmus.results.studies import BLEND, NETWORKS
from isthmus.results.variables import Number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 3  # more alphas share one panel
SPREAD_OF_LINEAR_AXIS = 10.0  # sizes that differ by more need a logarithmic axis
BLEND_COLOUR = "#009E73"
NOTES = (
    "Features of a layer: every floating-point value with a part for each example, made between the first use of this "
    "layer's weights and the first use of the next layer's, and read after that; as one vector an example. The "
    "activation that follows a layer belongs to it. The full network's are its outputs.",
    "Blend against blend: the mean over the examples of 1 - cos of the angle between the features of the blended "
    "network and the blend of the two networks' features. Zero means linear feature connectivity at this layer.",
    "a against b: the same of the features of the two networks. Examples with a zero vector have no angle and are left "
    "out; the table in study.parquet counts them.",
    "Intervals are 95 %, of the distribution that the examples come from; those of agreement are exact binomial ones.",
    "Distances and angles are those of the parameters. The angle at the start is that between the ways which the two "
    "networks took from the same initial weights: 90 degrees if these have nothing in common.",
)


def figure(study: "xr.Dataset") -> "Figure":
    """The two dissimilarities of every layer with 95 % bands, layers from top to bottom in the order of use.

    A panel for each alpha; above three alphas one panel with a colour for each. The axis is logarithmic where values
    differ by more than a factor of ten; zeros, which it cannot show, are named below. A layer without features of its
    own is hatched grey.

    Args:
        study: From `isthmus.similarity`.

    Returns:
        The figure.
    """
    from matplotlib import colormaps, rc_context

    layers, alphas = [str(layer) for layer in study["layer"].values], [float(x) for x in study["alpha"].values]
    positions = style.row_positions(len(layers) - 1)
    shown, notes = _shown_alphas(study)
    groups = [[k] for k in shown] if len(shown) <= MOST_PANELS else [shown]
    with rc_context(style.STYLE):
        width = style.label_inches(map(style.row_name, layers)) + 0.8 + (2.4 if len(groups) > 1 else 3.4) * len(groups)
        picture = style.empty_figure(width, style.ROW_INCHES * (positions[-1] + 1) + 1.3)
        style.draw_notes(picture, notes)
        panels = picture.subplots(1, len(groups), sharey=True, sharex=True, squeeze=False)[0]
        for axes, group in zip(panels, groups, strict=True):
            _draw_curve(axes, positions, _curve(study, NETWORKS), style.INK, "s", "a against b")
            for k in group:
                colour: Any = BLEND_COLOUR if len(group) == 1 else colormaps[style.DEPTH](0.92 * k / len(alphas))
                words = "blend against blend of features" + (f", alpha {alphas[k]:g}" if len(group) > 1 else "")
                _draw_curve(axes, positions, _curve(study.isel(alpha=k), BLEND), colour, "o", words)
            axes.set_title(f"alpha {alphas[group[0]]:g}" if len(group) == 1 else f"{len(group)} alphas", pad=4)
            axes.set_xlabel("1 − cosine, mean and 95 % interval")
            axes.grid(axis="x", color="#e6e6e6", linewidth=0.5)
            axes.set_axisbelow(True)
        _scale(panels, study)
        panels[0].set_yticks(positions, [style.row_name(layer) for layer in layers])
        panels[0].set_ylim(positions[-1] + 0.6, -0.6)
        _mark_missing(panels, study, positions)
        handles, words_shown = panels[0].get_legend_handles_labels()
        columns = 2 if len(handles) <= 2 else max(1, int(width / 2.4))
        picture.legend(handles, words_shown, loc="outside upper center", ncols=columns)
    return picture


def sentence(study: "xr.Dataset") -> str:
    """Where the features of the blend depart most from the blend of features, and how often predictions agree.

    Args:
        study: From `isthmus.similarity`.

    Returns:
        A few sentences, computed; those about one alpha take the one nearest to 0.5.
    """
    alpha = min(map(float, study["alpha"].values), key=lambda x: abs(x - 0.5))
    middle = study.sel(alpha=alpha)
    singles = middle.isel(layer=slice(1, None))
    known = np.isfinite(singles["blend_dissimilarity"].values) & np.isfinite(singles["network_dissimilarity"].values)
    said = []
    if known.any():
        own = singles.isel(layer=known)
        nearer = int((own["blend_dissimilarity_high"] < own["network_dissimilarity_low"]).sum())
        worst = own.isel(layer=int(own["blend_dissimilarity"].values.argmax()))
        most = estimate_at(worst, "blend_dissimilarity").chosen(int(known.sum()))
        said.append(
            f"At alpha {alpha:g} the features of the blend are nearer to the blend of features than those of a to "
            f"those of b, with intervals apart, in {nearer} of {int(known.sum())} layers; they depart most at "
            f"{worst['layer'].item()}: {interval_words(most)}, against "
            f"{significant_text(float(worst['network_dissimilarity']))} between a and b."
        )
    else:
        said.append("No layer has features of its own: " + str(singles["feature_status"].values[0]) + ".")
    outputs = middle.isel(layer=0)
    said.append(
        f"For the outputs it is {interval_words(estimate_at(outputs, 'blend_dissimilarity'))}, against "
        f"{significant_text(float(outputs['network_dissimilarity']))} between a and b."
    )
    if "agreement" in study:
        shares = [_share_words(middle, name) for name in ("a-b", "blend-a", "blend-b")]
        said.append(f"a and b give the same class for {shares[0]}, the blend and a for {shares[1]}, and b {shares[2]}.")
    if "branch_angle_degrees" in study:
        whole = study.isel(layer=0)
        said.append(
            f"From their common start the two ways part at {float(whole['branch_angle_degrees']):.1f} degrees "
            f"(cosine {significant_text(float(whole['branch_cosine']), 2)})."
        )
    return " ".join(said)


def rows(study: "xr.Dataset") -> Table:
    """Every layer and alpha, the full network first.

    Args:
        study: From `isthmus.similarity`.

    Returns:
        The table; alpha has a column where there are several.
    """
    alphas = [float(alpha) for alpha in study["alpha"].values]
    several, has_angle, has_start = len(alphas) > 1, "branch_cosine" in study, "distance_from_initial" in study
    columns = ["Layer", *(["Alpha"] if several else []), "Blend against blend", "a against b", "Distance", "Cosine"]
    columns += ["a from its start", "b from its start"] if has_start else []
    columns += ["Angle at the start, degrees"] if has_angle else []
    found = []
    for layer in map(str, study["layer"].values):
        of_layer = study.sel(layer=layer)
        for alpha in alphas:
            cut = of_layer.sel(alpha=alpha)
            cells = [Cell(style.row_name(layer)), *([Cell(f"{alpha:g}", "", repr(alpha))] if several else [])]
            cells += [_interval_cell(cut, name) for name in ("blend_dissimilarity", "network_dissimilarity")]
            cells += [_cell(float(cut["distance"])), _cosine_cell(cut)]
            if has_start:
                cells += [_cell(float(cut["distance_from_initial"].sel(network=name))) for name in ("a", "b")]
            if has_angle:
                cells.append(_cell(float(cut["branch_angle_degrees"])))
            found.append(tuple(cells))
    return Table(tuple(columns), tuple(found))


def _cell(value: float, faint: str = "") -> Cell:
    return Cell(significant_text(value), faint, repr(value))


def _interval_cell(cut: "xr.Dataset", name: str) -> Cell:
    found = estimate_at(cut, name)
    return Cell("–", "", repr(found.value)) if found.is_nan else _cell(found.value, interval_text(found))


def _cosine_cell(cut: "xr.Dataset") -> Cell:
    value, status = float(cut["cosine"]), str(cut["cosine_status"].item())
    return _cell(value) if status == "defined" else Cell(status, "", repr(value))


def _share_words(cut: "xr.Dataset", compared: str) -> str:
    share = percentage_points(estimate_at(cut.sel(compared=compared), "agreement"))
    return f"{share.value:.1f} % of the examples ({share.low:.1f} to {share.high:.1f})"


def _draw_curve(
    axes: "Axes",
    positions: Sequence[float],
    curve: Sequence[Float[np.ndarray, " layers"]],
    colour: Any,
    marker: str,
    words: str,
) -> None:
    value, low, high = curve
    # The full network stands apart: its outputs are no layer's features.
    for part, label in ((slice(0, 1), None), (slice(1, None), words)):
        rows_shown = np.asarray(positions)[part]
        axes.fill_betweenx(rows_shown, low[part], high[part], color=colour, alpha=0.18, linewidth=0, zorder=1)
        axes.hlines(rows_shown, low[part], high[part], color=colour, linewidth=0.8, zorder=2)
        axes.plot(
            value[part], rows_shown, marker=marker, color=colour, markersize=2.8, linewidth=0.9, label=label, zorder=3
        )


def _curve(study: "xr.Dataset", number: Number) -> list[Float[np.ndarray, " layers"]]:
    return [np.asarray(study[name].values, dtype=np.float64) for name in (number.name, number.low, number.high)]


def _shown_alphas(study: "xr.Dataset") -> tuple[list[int], list[str]]:
    """The numbers of the alphas that have a curve, and what to say of the others: zeros, as at alpha 0 and 1."""
    values = study["blend_dissimilarity"].transpose("alpha", "layer").values
    zero = [k for k, of_alpha in enumerate(values) if not (np.abs(of_alpha) > 0).any()]
    shown = [k for k in range(len(values)) if k not in zero] or list(range(len(values)))
    hidden = [f"{float(study['alpha'].values[k]):g}" for k in zero if k not in shown]
    return shown, [f"Not drawn, being zero at every layer: alpha {', '.join(hidden)}."] if hidden else []


def _scale(panels: Sequence["Axes"], study: "xr.Dataset") -> None:
    """Set the common axis: from zero, or logarithmic where the values' sizes differ much."""
    numbers = (BLEND, NETWORKS)
    values = np.concatenate([study[number.name].values.ravel() for number in numbers])
    ends = np.concatenate([study[number.high].values.ravel() for number in numbers])
    sizes, largest = (
        values[np.isfinite(values) & (values > 0)],
        max([0.0, *ends[np.isfinite(ends)], *values[np.isfinite(values)]]),
    )
    if len(sizes) and sizes.max() > SPREAD_OF_LINEAR_AXIS * sizes.min():
        for axes in panels:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: significant_text(value, 2))
        panels[0].set_xlim(sizes.min() / 1.5, 1.5 * min(largest, 3 * sizes.max()))
    else:
        panels[0].set_xlim(0, 1.05 * min(largest, 3 * sizes.max()) if len(sizes) else 1.0)


def _mark_missing(panels: Sequence["Axes"], study: "xr.Dataset", positions: Sequence[float]) -> None:
    for axes in panels:
        left, right = axes.get_xlim()
        for value, y in zip(study["network_dissimilarity"].values, positions, strict=True):
            if math.isnan(float(value)):
                style.draw_undefined(axes, left, y - 0.42, right - left, 0.84)
