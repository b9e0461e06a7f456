"""`isthmus train`: the networks of a recipe and their trajectories."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.cluster import RayOption

if TYPE_CHECKING:
    from isthmus.training.networks.networks import Progress

NUM_LINES = 40


def train(
    recipe: Annotated[Path, typer.Argument(help="A TOML file: see recipes/ for examples.")],
    out: Annotated[Path, typer.Option(help="Where to make a folder for each network.")],
    data_root: Annotated[Path | None, typer.Option(help="Folder of data sets; default: ISTHMUS_DATA.")] = None,
    device: Annotated[str | None, typer.Option(help="Overrides the recipe: auto, cpu, cuda, cuda:1, ...")] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Networks to train at once, one thread each; default: one after the other."),
    ] = None,
    ray: RayOption = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what is in --out, if anything.")] = False,
) -> None:
    """Train the networks of a recipe, each with a trajectory of checkpoints.

    A table of the training losses goes to standard error, the folders of the networks to standard output: give two of
    their checkpoints, or two folders, to `isthmus measure`.
    """
    from isthmus.training.recipe.file import load_recipes

    recipes = load_recipes(recipe)
    if device is not None:
        recipes = [one.model_copy(update={"device": device}) for one in recipes]

    from isthmus.training.networks.networks import train_networks
    from isthmus.training.networks.several import train_at_once

    print(f"{'network':<12} {'step':>8} {'of':>8} {'training loss':>14} {'seconds':>8}", file=sys.stderr)
    if processes is None and ray is None:
        folders = train_networks(recipes, out, resume=resume, data_root=data_root, tell=_tell)
        homes = [folder.path for folder in folders.values()]
    else:
        at_once = train_at_once(
            recipes, out, processes=processes, resume=resume, data_root=data_root, ray=ray, tell=_tell
        )
        homes = list(at_once.values())
    for home in homes:
        print(home)


def _tell(progress: "Progress") -> None:
    step, length = progress.step, progress.length
    if step != length and step.unit == length.unit and step.count % math.ceil(length.count / NUM_LINES):
        return
    loss = "there already" if math.isnan(progress.loss) else f"{progress.loss:.4f}"
    line = f"{progress.network:<12} {step!s:>8} {length!s:>8} {loss:>14} {progress.seconds:>8.0f}"
    print(line, file=sys.stderr, flush=True)
