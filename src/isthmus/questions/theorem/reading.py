"""The theorem and its measurements in words."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

ROUNDING = 1e-12  # of the path's largest loss, in float64

EXPLANATION = (
    "Theorem 4.1 (Adilova et al., ICLR 2024): in a deep linear network f(x) = W_L ... W_2 W_1 x under the squared "
    "error the loss is convex along the interpolation of any one layer. The reason is short: with the other layers "
    "fixed the output is affine in that layer, and the squared error is convex in the output. So no cut of a single "
    "layer rises above the straight line between its own two ends, its chord.",
    "Two layers at once multiply: the loss is no longer quadratic in alpha, and may rise between two equally good "
    "networks. The minimal example is f(x) = w1 w2 x with the networks a = (a, y/a) and b = (b, y/b): the same "
    "function, so both losses are zero.",
    "The theorem speaks of the cut's own ends. The far end of a cut is neither of the two networks and may be bad, so "
    "the half-way point of a convex cut may well lie above the mean of the two networks' losses.",
)


def diagonal_reading(paths: "xr.Dataset") -> str:
    """What the minimal example shows.

    Args:
        paths: Over (path, alpha): `loss` and `closed_form`; over path: `convexity`; attributes `a`, `b`, `ratio`.

    Returns:
        One paragraph: losses half-way, the verdict on every path, and how far closed form and measurement differ.
    """
    middle = paths.loss.sel(alpha=0.5)
    parts = [
        f"{path} {float(middle.sel(path=path)):.4g} ({paths.convexity.sel(path=path).values})"
        for path in paths["path"].values
    ]
    joint, single = (float(middle.sel(path=path)) for path in ("both layers", "layer 2 into a"))
    compared = f"{joint / single:.3g} times" if joint >= single else f"{single / joint:.3g} times less than"
    return (
        f"Half-way between a = ({paths.attrs['a']:g}, y/a) and b = ({paths.attrs['b']:g}, y/b), r = b/a = "
        f"{paths.attrs['ratio']:g}, the loss is {'; '.join(parts)}. Moving both layers costs {compared} what layer 2 "
        f"alone costs in host a. Closed forms and measurement differ by at most {largest_difference(paths):.1g} of the "
        "largest loss on a path."
    )


def largest_difference(paths: "xr.Dataset") -> float:
    """How far closed form and measurement differ at most.

    Args:
        paths: Over (path, alpha): `loss` and `closed_form`.

    Returns:
        A fraction of the largest loss on the path.
    """
    return float((abs(paths.loss - paths.closed_form) / paths.closed_form.max("alpha")).max())


def cuts_reading(cuts: "xr.Dataset") -> str:
    """What the random deep linear networks show.

    Args:
        cuts: Over (cut, alpha): `relative_excess`; over cut: `moving`, `convexity`, `midpoint_over_models`.

    Returns:
        One paragraph: cuts that are convex, paths of the full network that rise above their chord, and half-way points
        of single layers that lie above the mean of the two networks.
    """
    single, full = one_layer(cuts), full_paths(cuts)
    num_single, num_full = single.sizes["cut"], full.sizes["cut"]
    convex = int((single.convexity == "convex").sum())
    highest = full.relative_excess.max("alpha").values
    rises = int((highest > ROUNDING).sum())
    above = int((single.relative_excess.max("alpha") > ROUNDING).sum())
    dearer = int((single.midpoint_over_models > 0).sum())
    return (
        f"{convex} of {num_single} cuts of one layer are convex, and {above} rise above their chord. Of the {num_full} "
        f"paths of the full network {rises} do, by up to {100 * highest.max():.0f} % of the path's largest loss "
        f"(median {100 * np.median(highest):.0f} %). Convex does not mean cheap: half-way, {dearer} of the "
        f"{num_single} cuts lie above the mean of the two networks, which the theorem does not forbid."
    )


def one_layer(cuts: "xr.Dataset") -> "xr.Dataset":
    """The cuts along which a single layer moves."""
    return cuts.sel(cut=(cuts["moving"] != FULL_NETWORK).values)


def full_paths(cuts: "xr.Dataset") -> "xr.Dataset":
    """The cuts along which the full network moves."""
    return cuts.sel(cut=(cuts["moving"] == FULL_NETWORK).values)
