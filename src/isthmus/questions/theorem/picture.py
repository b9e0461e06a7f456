"""The pictures of Theorem 4.1: the loss surface of the minimal example, and the cuts of random deep linear networks."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.questions.theorem.reading import ROUNDING, full_paths, one_layer
from isthmus.report import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PATH_COLOURS = {
    "both layers": "#009E73",
    "layer 2 into a": style.HOST_COLOURS["a"],
    "layer 2 into b": style.HOST_COLOURS["b"],
}
PATH_MARKERS = {"both layers": "D", "layer 2 into a": "o", "layer 2 into b": "s"}
DECADES = 5  # one contour line for each
MARK_EVERY = 4  # 41 marks would hide the closed form below them
HEADROOM = 1.25  # over the two lower paths; the third leaves the picture and says where it goes


def diagonal_picture(surface: "xr.DataArray", paths: "xr.Dataset") -> "Figure":
    """The loss surface with the paths on it, and the loss along each path.

    The colours are logarithmic and end at five decades below the largest. The right axis ends a quarter above the
    largest of both layers and layer 2 into a; beside a path that goes on stands the loss that it reaches.
    Lines are closed forms, marks are measurements. Both are exact, so there are no intervals.

    Args:
        surface: L over (w2, w1).
        paths: Over (path, alpha): `w1`, `w2`, `loss`, `closed_form`.

    Returns:
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.lines import Line2D

    with rc_context(style.STYLE):
        figure = style.empty_figure(style.PAGE_INCHES, 3.1)
        left, right = figure.subplots(1, 2, width_ratios=[1.12, 1])
        _draw_surface(figure, left, surface)
        for path in paths["path"].values:
            _draw_path(left, paths.sel(path=path))
        for name, path in (("a", "layer 2 into a"), ("b", "layer 2 into b")):
            place = paths.sel(path=path).isel(alpha=0)
            _draw_network(left, name, (float(place.w1), float(place.w2)))
        _draw_losses(right, paths)
        lines = [
            Line2D([], [], color=PATH_COLOURS[path], marker=PATH_MARKERS[path], markersize=3, label=path)
            for path in paths["path"].values
        ]
        figure.legend(handles=lines, loc="outside lower center", ncols=3)
    return figure


def _draw_surface(figure: "Figure", axes: "Axes", surface: "xr.DataArray") -> None:
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    w1, w2, loss = surface["w1"].values, surface["w2"].values, surface.values
    top = int(np.ceil(np.log10(loss.max())))
    levels = 10.0 ** np.arange(top - DECADES, top + 0.5)
    shades = LinearSegmentedColormap.from_list("shades", [style.CELL_WHITE, "#8a8f98"])
    filled = axes.contourf(
        w1, w2, np.maximum(loss, levels[0]), levels, norm=LogNorm(levels[0], levels[-1]), cmap=shades
    )
    with np.errstate(divide="ignore"):
        axes.plot(w1, surface.attrs["y"] / w1, color=style.CELL_INK, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.set_xlim(w1[0], w1[-1])
    axes.set_ylim(w2[0], w2[-1])
    axes.set_xlabel("w1, layer 1")
    axes.set_ylabel("w2, layer 2")
    axes.set_title("Loss (y − w1 w2)²; dashed: loss 0", pad=4)
    bar = figure.colorbar(filled, ax=axes, aspect=28, pad=0.02)
    bar.set_ticks(levels.tolist(), labels=[f"{level:g}" for level in levels])
    bar.outline.set_linewidth(0.4)
    bar.ax.minorticks_off()


def _draw_path(axes: "Axes", path: "xr.Dataset") -> None:
    name = str(path["path"].values)
    w1, w2 = path.w1.values, path.w2.values
    axes.plot(w1, w2, color=PATH_COLOURS[name], linewidth=1.6)
    half = int(np.abs(path["alpha"].values - 0.5).argmin())
    axes.plot(w1[half], w2[half], PATH_MARKERS[name], color=PATH_COLOURS[name], markersize=4.5)
    axes.annotate(
        "",
        (w1[-1], w2[-1]),
        (w1[-2], w2[-2]),
        arrowprops={"arrowstyle": "-|>", "color": PATH_COLOURS[name], "shrinkA": 0, "shrinkB": 0},
    )


def _draw_network(axes: "Axes", name: str, place: tuple[float, float]) -> None:
    circle = {"color": "white", "markeredgecolor": style.INK, "markersize": 8, "markeredgewidth": 0.8}
    axes.plot(*place, "o", **circle, clip_on=False, zorder=4)  # type: ignore[arg-type]
    axes.annotate(name, place, ha="center", va="center_baseline", fontsize=7, zorder=5)


def _draw_losses(axes: "Axes", paths: "xr.Dataset") -> None:
    alpha = paths["alpha"].values
    top = HEADROOM * float(paths.closed_form.sel(path=["both layers", "layer 2 into a"]).max())
    for path in paths["path"].values:
        colour, known = PATH_COLOURS[path], paths.closed_form.sel(path=path).values
        axes.plot(alpha, known, color=colour, linewidth=1.0)
        measured = paths.loss.sel(path=path).values[::MARK_EVERY]
        axes.plot(alpha[::MARK_EVERY], measured, PATH_MARKERS[path], color=colour, markersize=3)
        if known.max() > top:
            axes.annotate(
                f"to {known.max():.3g}\nat alpha {alpha[known.argmax()]:g}",
                (float(np.interp(top, known, alpha)), top),
                (4, -2),
                textcoords="offset points",
                va="top",
                fontsize=style.SMALL_POINTS,
                color=colour,
            )
    axes.axhline(0, color=style.FAINT, linewidth=0.6, zorder=0)
    axes.set_ylim(-0.03 * top, top)
    axes.set_xlabel("alpha (0 is the host)")
    axes.set_ylabel("loss")
    axes.set_title("Lines: closed form; marks: measured", pad=4)


def cuts_picture(cuts: "xr.Dataset") -> "Figure":
    """The excess over the chord along every cut of many pairs: one layer on the left, all layers on the right.

    Args:
        cuts: Over (cut, alpha): `relative_excess`; over cut: `moving`.

    Returns:
        The figure. Losses are those of the very examples, so there are no intervals.
    """
    from matplotlib import rc_context
    from matplotlib.lines import Line2D

    with rc_context(style.STYLE):
        figure = style.empty_figure(style.PAGE_INCHES, 2.6)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, chosen, title in (
            (panels[0], one_layer(cuts), "one layer moves: {} cuts"),
            (panels[1], full_paths(cuts), "all layers move: {} paths"),
        ):
            for row in chosen.relative_excess.values:
                colour = style.HOST_COLOURS["b" if row.max() > ROUNDING else "a"]
                axes.plot(cuts["alpha"].values, row, color=colour, linewidth=0.6, alpha=0.5)
            axes.axhline(0, color=style.INK, linewidth=0.8, zorder=3)
            axes.set_title(title.format(chosen.sizes["cut"]), pad=4)
            axes.set_xlabel("alpha (0 is the host)")
        panels[0].set_ylabel("excess over the chord,\nfraction of the largest loss")
        names = {"a": "nowhere above its chord", "b": "somewhere above its chord"}
        handles = [Line2D([], [], color=style.HOST_COLOURS[host], label=name) for host, name in names.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
