"""Theorem 4.1 of the paper and its minimal example: closed forms beside measurements, two pictures and a page."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from isthmus.models.networks.deep_linear import deep_linear_network
from isthmus.questions.convexity.answer import convexity
from isthmus.questions.theorem.example import PATHS, DiagonalExample
from isthmus.questions.theorem.page import save_theorem_page
from isthmus.questions.theorem.pairs import NUM_PAIRS, measure_cuts
from isthmus.questions.theorem.reading import (
    ROUNDING,
    cuts_reading,
    diagonal_reading,
    full_paths,
    largest_difference,
    one_layer,
)
from isthmus.results.studies import THEOREM_PATHS
from isthmus.results.variables import Values, with_dimensions
from isthmus.runs.measure import measure

ALPHAS = 41  # odd, so that half-way is one of them
SURFACE_POINTS = 61


@dataclass(frozen=True)
class Theorem:
    """What `isthmus explain theorem` shows.

    Attributes:
        paths: From `measure_paths`.
        cuts: From `isthmus.questions.theorem.pairs.measure_cuts`.
        readings: What the numbers say, a paragraph for each picture.
        page: The page.
    """

    paths: xr.Dataset
    cuts: xr.Dataset
    readings: list[str]
    page: Path

    def numbers(self) -> dict[str, Any]:
        """The numbers as plain values, for JSON: losses half-way, and counts of the random networks' cuts."""
        paths, single, full = self.paths, one_layer(self.cuts), full_paths(self.cuts)
        return {
            "a": paths.attrs["a"],
            "b": paths.attrs["b"],
            "y": paths.attrs["y"],
            "midpoints": [
                {
                    "path": path,
                    "closed_form": float(paths.closed_form.sel(path=path, alpha=0.5)),
                    "measured": float(paths.loss.sel(path=path, alpha=0.5)),
                    "convexity": str(paths.convexity.sel(path=path).values),
                }
                for path in paths["path"].values.tolist()
            ],
            "largest_relative_difference": largest_difference(paths),
            "seed": self.cuts.attrs["seed"],
            "num_pairs": self.cuts.attrs["num_pairs"],
            "num_cuts": single.sizes["cut"],
            "num_convex_cuts": int((single.convexity == "convex").sum()),
            "largest_relative_excess_of_cuts": float(single.relative_excess.max()),
            "num_full_paths_above_chord": int((full.relative_excess.max("alpha") > ROUNDING).sum()),
            "num_cut_midpoints_above_models": int((single.midpoint_over_models > 0).sum()),
            "readings": self.readings,
            "page": str(self.page),
        }


def measure_paths(example: DiagonalExample, alphas: int = ALPHAS) -> xr.Dataset:
    """The loss along the paths of the minimal example, measured on the real network of two weights in float64.

    The data are the examples x = 1 and x = -1, on which every network of the family has the same loss.

    Args:
        example: The two networks.
        alphas: How many points of [0, 1].

    Returns:
        Over (path, alpha): `w1`, `w2`, `loss` (measured) and `closed_form`; over path: `convexity`.
    """
    with torch.random.fork_rng(devices=[]):
        network = deep_linear_network((1, 1, 1))
    a, b = (
        dict(zip(("hidden1.weight", "fc.weight"), torch.tensor(w, dtype=torch.float64).reshape(2, 1, 1), strict=True))
        for w in (example.weights("a"), example.weights("b"))
    )
    inputs = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    options = {"alphas": alphas, "loss": "squared_error", "dtype": "float64", "baseline": "cut"}
    result = measure(network, a, b, (inputs, example.y * inputs), device="cpu", **options)  # type: ignore[arg-type]
    alpha, verdicts = result["alpha"].values, convexity(result)["convexity"]
    rows = [{"host": host, "moving": moving} for host, moving in PATHS.values()]
    places = np.array([example.position(path, alpha) for path in PATHS])
    values: Values = {
        "w1": places[:, 0],
        "w2": places[:, 1],
        "loss": np.array([result.loss.sel(row).values for row in rows]),
        "closed_form": np.array([example.loss_along(path, alpha) for path in PATHS]),
        "convexity": np.array([str(verdicts.sel(row).values) for row in rows], dtype=object),
    }
    return xr.Dataset(
        with_dimensions(values, THEOREM_PATHS),
        {"path": list(PATHS), "alpha": alpha},
        {"a": example.a, "b": example.b, "y": example.y, "ratio": example.ratio},
    )


def loss_surface(example: DiagonalExample, points: int = SURFACE_POINTS) -> xr.DataArray:
    """L(w1, w2) on a square grid that holds both networks and every path.

    Args:
        example: The two networks.
        points: Along each side.

    Returns:
        Over (w2, w1), from 0 to a tenth more than the largest weight.
    """
    largest = 1.1 * max(*example.weights("a"), *example.weights("b"))
    side = np.linspace(0, largest, points)
    return xr.DataArray(
        example.loss(side[None, :], side[:, None]), {"w2": side, "w1": side}, ("w2", "w1"), "loss", {"y": example.y}
    )


def run_theorem(
    folder: Path,
    example: DiagonalExample,
    num_pairs: int = NUM_PAIRS,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Theorem:
    """Measure the minimal example and random deep linear networks, and make pictures and a page.

    Args:
        folder: Where to write `explain.html` and `figures/`.
        example: The minimal example.
        num_pairs: How many pairs of random networks.
        seed: Of the random networks.
        say: Told how far it is.

    Returns:
        The numbers, their reading and the page.
    """
    say("measuring the network of two weights")
    paths = measure_paths(example)
    say(f"measuring {num_pairs} pairs of random deep linear networks, a few seconds")
    cuts = measure_cuts(num_pairs, seed)
    page = save_theorem_page(loss_surface(example), paths, cuts, folder)
    return Theorem(paths, cuts, [diagonal_reading(paths), cuts_reading(cuts)], page)
