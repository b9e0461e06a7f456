"""The demo: three small networks that show what a common initialisation is worth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import xarray as xr
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.models.load import load_model
from isthmus.report.folder import save_report
from isthmus.runs.access import load_classes
from isthmus.runs.measure import measure
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train
from isthmus.training.optimizer_settings import Sgd
from isthmus.training.recipe import Recipe
from isthmus.training.schedule import Cosine
from isthmus.training.seeds import Seeds
from isthmus.weights.checkpoint import load_checkpoint, save_weights
from isthmus.weights.step import Step

MODEL = "cnn:width=24,channels=1"
DATA = "fashion_mnist_small"
RECIPE = Recipe(
    length=Step(15, "ep"),
    batch_size=32,
    optimizer=Sgd(learning_rate=0.1, momentum=0.9),
    schedule=Cosine(warmup=Step(200, "it")),
    clip_norm=1.0,
)

SEEDS = {
    "a": Seeds(initialisation=0, order=0),
    "b": Seeds(initialisation=0, order=1),
    "c": Seeds(initialisation=1, order=2),
}
"""The networks by name: b starts where a does and sees the examples in another order, c starts elsewhere."""


def demo_networks(
    progress: Callable[[str, int, float], None] | None = None,
    examples: Examples | None = None,
    recipe: Recipe = RECIPE,
) -> dict[str, dict[str, Tensor]]:
    """Train the networks of `SEEDS`, one after the other.

    Args:
        progress: Called after every epoch with the network's name, its epochs done, and the mean loss per example of
            the last epoch, in nats.
        examples: What to train on; None for the training split of `DATA`.
        recipe: How to train.

    Returns:
        The final weights by name: of `MODEL`, on the CPU.
    """
    chosen = load_examples(f"{DATA}:train") if examples is None else examples
    networks = {}
    for name, seeds in SEEDS.items():
        model = make_initial_model(partial(load_model, MODEL), seeds)
        told = None if progress is None else partial(_tell_epochs, progress, name)
        networks[name] = train(model, chosen, recipe.model_copy(update={"seeds": seeds}), progress=told).weights
    return networks


PAIRS = {"same initialisation": ("a", "b"), "different initialisations": ("a", "c")}
SPLITS = {"train": f"{DATA}:train[0:1000]", "test": f"{DATA}:test"}


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


def run_demo(folder: Path, say: Callable[[str], None] = print) -> Demo:
    """Train the demo's networks, measure both pairs on training and test images, and make a page.

    What is in the folder already is used: networks are loaded, finished measurements read.

    Args:
        folder: Where to write networks, runs and report.
        say: Told how far it is.

    Returns:
        Results, reading and page.
    """
    files = {name: folder / f"{name}.safetensors" for name in SEEDS}
    if all(file.exists() for file in files.values()):
        say(f"using the networks in {folder}")
        networks = {name: load_checkpoint(file).weights for name, file in files.items()}
    else:
        say("training three small networks on 4,000 images of clothes, about a minute on two cores")
        networks = demo_networks(partial(_say_epoch, say))
        for name, file in files.items():
            save_weights(networks[name], file)
    results, runs = {}, []
    for pair, (a, b) in PAIRS.items():
        say(f"measuring {a} and {b}: {pair}")
        out = folder / pair.replace(" ", "-")
        results[pair] = measure(MODEL, networks[a], networks[b], SPLITS, out=out, resume=True)
        runs.append((pair, results[pair], load_classes(out)))
    page = save_report(runs, folder)
    return Demo(results, "\n".join(_reading(pair, result) for pair, result in results.items()), page)


def _tell_epochs(progress: Callable[[str, int, float], None], name: str, step: Step, loss: float) -> None:
    progress(name, step.count, loss)


def _say_epoch(say: Callable[[str], None], name: str, epochs: int, loss: float) -> None:
    if epochs % 5 == 0:
        say(f"network {name}: {epochs} of {RECIPE.length.count} epochs, training loss {loss:.3f}")


def _reading(pair: str, result: xr.Dataset) -> str:
    """How the full barrier compares with those of single layers, on training images."""
    train = result.sel(split="train").loss_barrier
    full = float(train.sel(moving="all").max())
    single = train.sel(moving=result["sweep"] == "single").values.ravel()
    below = int((single * 5 < full).sum())
    return (
        f"{pair}: averaging everything raises the training loss by {full:.2f} nats, averaging one layer by "
        f"{single.min():.2f} to {single.max():.2f} (in {below} of {single.size} cases less than a fifth of the full)"
    )
