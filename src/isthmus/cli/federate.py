"""`isthmus federate`: clients that average chosen layers, by a recipe."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from isthmus.cli.cluster import RayOption
from isthmus.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isthmus.federated.recipe import FederatedRecipe
    from isthmus.federated.rounds import Progress


def federate(
    recipe: Annotated[Path, typer.Argument(help="A TOML file: see recipes/federated/digits.toml.")],
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    data_root: Annotated[Path | None, typer.Option(help="Folder of data sets; default: ISTHMUS_DATA.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Seeds to train at once, one thread each.")] = 1,
    engine: Annotated[
        Literal["here", "flower"],
        typer.Option(help="here: clients one after the other; flower: Flower's simulation. The numbers are the same."),
    ] = "here",
    ray: RayOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what is in --out, if anything.")] = False,
) -> None:
    """Train clients that average only chosen layers, under each rule and seed of a recipe.

    The folder holds how good every network was for its client before and after averaging (Parquet), which layers were
    averaged by whom, what was sent, the clients' last networks, and a page.
    """
    from isthmus.federated.file import load_federated_recipes

    recipes = load_federated_recipes(recipe)
    if engine == "flower":
        _refuse_several(recipes, processes, ray)
    print(f"{'rule':<24} {'seed':>5} {'round':>7} {'accuracy, own data':>19} {'seconds':>8}", file=sys.stderr)
    folders = [out / name if name else out for name in recipes]
    if engine == "flower":
        from isthmus.federated.flower.simulation import simulate

        (settings,) = recipes.values()
        simulate(recipe, out, num_clients=settings.clients, resume=resume, data_root=data_root, tell=_tell)
    else:
        from isthmus.federated.federate import federate_all
        from isthmus.federated.parts import Job

        jobs = [Job(settings, folder) for settings, folder in zip(recipes.values(), folders, strict=True)]
        federate_all(jobs, resume=resume, processes=processes, ray=ray, data_root=data_root, tell=_tell)

    from isthmus.cli.output.federated import print_federation

    for folder in folders:
        print_federation(folder, as_json=as_json)


def _refuse_several(recipes: "Mapping[str, FederatedRecipe]", processes: int, ray: str | None) -> None:
    if list(recipes) != [""]:
        got, remedy = f"{len(recipes)} [[federation]] tables", "write a recipe for each, or leave --engine out"
        raise InputError("one federation at a time on Flower", got, "the recipe", remedy)
    if processes > 1:
        remedy = "leave --processes out: there, clients train at once"
        raise InputError("one seed at a time on Flower", f"{processes}", "--processes", remedy)
    if ray is not None:
        raise InputError("clients on Flower, or seeds on Ray", "both", "--ray", "leave --engine or --ray out")


def _tell(progress: "Progress") -> None:
    accuracy = "" if progress.own is None else f"{1 - progress.own:.1%}"
    place = f"{progress.round}/{progress.rounds}"
    line = f"{progress.rule:<24} {progress.seed:>5} {place:>7} {accuracy:>19} {progress.seconds:>8.0f}"
    print(line, file=sys.stderr, flush=True)
