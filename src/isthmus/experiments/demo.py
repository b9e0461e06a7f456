"""The demo: three small networks that show what a common initialisation is worth."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from isthmus.errors import InputError
from isthmus.held_folder import held_folder
from isthmus.pages.run import save_report
from isthmus.results.rows import single_layers
from isthmus.runs.folder.loading import classes_of
from isthmus.runs.measure import measure
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.training.networks.networks import Progress
from isthmus.training.networks.several import train_at_once
from isthmus.training.recipe.file import load_recipes

RECIPE = Path(__file__).with_name("demo.toml")
PAIRS = {"same initialisation": ("a", "b"), "different initialisations": ("a", "c")}
SPLITS = {"train": "fashion_mnist_small:train[0:1000]", "test": "fashion_mnist_small:test"}
TELL_EVERY = 5  # epochs; three networks tell at once


@dataclass(frozen=True)
class Demo:
    """What the demo shows.

    Attributes:
        results: The measurement of each pair.
        reading: What is there, in words, from the numbers.
        page: The report.
    """

    results: dict[str, xr.Dataset]
    reading: str
    page: Path


def run_demo(folder: Path, say: Callable[[str], None] = print, recipe: Path = RECIPE) -> Demo:
    """Train the demo's networks, measure both pairs on training and test images, and make a page.

    What is in the folder already is used: networks are loaded, finished measurements read.

    Args:
        folder: Where to write networks, runs and report.
        say: Told how far it is.
        recipe: Of networks a, b and c.

    Returns:
        Results, reading and page.

    Raises:
        InputError: `folder` is a file.
    """
    if folder.is_file():
        raise InputError("a folder", "a file", str(folder), "name another --out")
    with held_folder(folder):
        return _run(folder, say, recipe)


def _run(folder: Path, say: Callable[[str], None], recipe: Path) -> Demo:
    networks = load_recipes(recipe)
    say("training three small networks on 4,000 images of clothes, about a minute on two cores")
    homes = train_at_once(networks, folder / "networks", resume=True, tell=lambda progress: _say(progress, say))
    final = {network.name: homes[network.name] / f"{network.length}.safetensors" for network in networks}
    results, runs = {}, []
    for pair, (a, b) in PAIRS.items():
        say(f"measuring {a} and {b}: {pair}")
        out = folder / pair.replace(" ", "-")
        results[pair] = measure(networks[0].model, final[a], final[b], SPLITS, out=out, resume=True)
        runs.append((pair, results[pair], classes_of(results[pair])))
    page = save_report(runs, folder)
    return Demo(results, "\n".join(_reading(pair, result) for pair, result in results.items()), page)


def _say(progress: Progress, say: Callable[[str], None]) -> None:
    if math.isnan(progress.loss):
        say(f"network {progress.network} is there already")
    elif progress.step.count % TELL_EVERY == 0:
        done = f"{progress.step.count} of {progress.length.count} epochs"
        say(f"network {progress.network}: {done}, training loss {progress.loss:.3f}")


def _reading(pair: str, result: xr.Dataset) -> str:
    """What averaging everything costs beside what single layers cost, on training images."""
    train = result.sel(split="train").loss_rise
    full = float(train.sel(moving=FULL_NETWORK).max())
    single = train.sel(moving=list(single_layers(result))).values.ravel()
    below = int((single * 5 < full).sum())
    return (
        f"{pair}: averaging everything raises the training loss by up to {full:.2f} nats, averaging one layer by "
        f"{single.min():.2f} to {single.max():.2f} (in {below} of {single.size} cases less than a fifth of the full)"
    )
