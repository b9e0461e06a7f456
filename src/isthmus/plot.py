"""The report's pictures in a figure of one's own: each function draws one and returns its matplotlib axes.

Without `ax` a picture has a pyplot figure of the size that suits it, which a notebook shows. With `ax`, one of
`plt.subplots`, it takes the place of that subplot; `ax` itself stays behind it as an empty frame, whose title is shown.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from isthmus.errors import InputError, UnknownNameError
from isthmus.pages.pictures import run_pictures
from isthmus.report.barriers.bars import bars as draw_bars
from isthmus.report.barriers.curves import curves as draw_curves
from isthmus.report.barriers.distances import distances as draw_distances
from isthmus.report.barriers.heatmap import heatmap as draw_heatmap
from isthmus.report.collections.members import has_members
from isthmus.report.collections.pictures import collection_pictures
from isthmus.report.figure import Place, drawn_on
from isthmus.report.values import main_values

AxesArray = np.ndarray[Any, np.dtype[np.object_]]
Drawn = Axes | AxesArray
"""The axes of a picture: one, or an array of them in reading order. Colour bars do not count."""


def heatmap(result: xr.Dataset, value: str | None = None, split: str | None = None, ax: Axes | None = None) -> Drawn:
    """What averaging every layer costs every host, as coloured cells with their numbers.

    Args:
        result: A measurement.
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error; None for what the report shows first.
        split: Which split; may be left out where there is only one.
        ax: A subplot to draw in.

    Returns:
        The axes.
    """
    return _drawn_value(draw_heatmap, result, value, split, ax)


def bars(result: xr.Dataset, value: str | None = None, split: str | None = None, ax: Axes | None = None) -> Drawn:
    """What averaging every layer costs every host, as bars with 95 % intervals.

    Args:
        result: A measurement.
        value: As for `heatmap`.
        split: Which split; may be left out where there is only one.
        ax: A subplot to draw in.

    Returns:
        The axes.
    """
    return _drawn_value(draw_bars, result, value, split, ax)


def curves(result: xr.Dataset, value: str | None = None, split: str | None = None, ax: Axes | None = None) -> Drawn:
    """Rise or excess of every layer along alpha; the result needs two alphas or more.

    Args:
        result: A measurement.
        value: As for `heatmap`.
        split: Which split; may be left out where there is only one.
        ax: A subplot to draw in.

    Returns:
        The axes.
    """
    return _drawn_value(draw_curves, result, value, split, ax)


def distances(result: xr.Dataset, ax: Axes | None = None) -> Drawn:
    """Distance, relative distance and cosine of the two networks, layer by layer.

    Args:
        result: A measurement.
        ax: A subplot to draw in.

    Returns:
        The axes.
    """
    return _drawn(lambda: draw_distances(_one(result)), ax)


def names(result: xr.Dataset) -> list[str]:
    """The names of all pictures that the report has of a result.

    Args:
        result: A measurement, also of several pairs or steps.

    Returns:
        Such as `"loss_heatmap"`, the names of the files in `figures/`.
    """
    return list(_pictures(result))


def picture(result: xr.Dataset, name: str, ax: Axes | None = None) -> Drawn:
    """Any picture of the report by its name.

    Args:
        result: A measurement, also of several pairs or steps.
        name: One of `names(result)`.
        ax: A subplot to draw in.

    Returns:
        The axes.

    Raises:
        UnknownNameError: The report has no such picture of this result.
    """
    known = _pictures(result)
    if name not in known:
        raise UnknownNameError("a picture", name, known, "isthmus.plot.picture(result, name)")
    return _drawn(known[name], ax)


def _pictures(result: xr.Dataset) -> dict[str, Callable[[], Figure]]:
    found = collection_pictures(result) if has_members(result) else run_pictures(result)
    return {one.stem: one.draw for one in found if one.draw is not None}


def _one(result: xr.Dataset) -> xr.Dataset:
    if has_members(result):
        had = ", ".join(f"{result.sizes[dim]} along {dim}" for dim in ("pair", "step") if dim in result.dims)
        do = "choose one, as result.isel(step=-1), or one of isthmus.plot.names(result) for isthmus.plot.picture"
        raise InputError("one measurement", had, "isthmus.plot", do)
    return result


def _drawn_value(
    draw: Callable[[xr.Dataset, str, str | None], Figure],
    result: xr.Dataset,
    value: str | None,
    split: str | None,
    ax: Axes | None,
) -> Drawn:
    return _drawn(lambda: draw(_one(result), value or main_values(result)[0], split), ax)


def _drawn(draw: Callable[[], Figure], ax: Axes | None) -> Drawn:
    with drawn_on(_figure if ax is None else lambda _width, _height: _place(ax)):
        place: Figure | SubFigure = draw()
    panels = [axes for axes in place.axes if axes.get_label() != "<colorbar>"]
    return panels[0] if len(panels) == 1 else np.array(panels, dtype=object)


def _figure(width_inches: float, height_inches: float) -> Figure:
    return plt.figure(figsize=(width_inches, height_inches), layout="constrained")


def _place(ax: Axes) -> Place:
    spec = ax.get_subplotspec()
    if spec is None:
        do = "fig, ax = plt.subplots(layout='constrained')"
        raise InputError("a subplot", "axes that were placed by hand", "isthmus.plot: ax=", do)
    ax.set_axis_off()
    owner = ax.figure
    place = Place(owner, spec)
    owner.subfigs += [place]
    return place
