"""`isthmus federate`: clients that average chosen layers, by a recipe."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from isthmus.errors import InputError

if TYPE_CHECKING:
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
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what is in --out, if anything.")] = False,
) -> None:
    """Train clients that average only chosen layers, under each rule and seed of a recipe.

    The folder holds how good every network was for its client before and after averaging (Parquet), which layers were
    averaged by whom, what was sent, the clients' last networks, and a page.
    """
    from isthmus.federated.file import load_federated_recipe

    settings = load_federated_recipe(recipe)
    if engine == "flower":
        _refuse_processes(processes)
    print(f"{'rule':<24} {'seed':>5} {'round':>7} {'accuracy, own data':>19} {'seconds':>8}", file=sys.stderr)
    if engine == "flower":
        from isthmus.federated.flower.simulation import simulate

        simulate(recipe, out, num_clients=settings.clients, resume=resume, data_root=data_root, tell=_tell)
    else:
        from isthmus.federated.federate import federate as federate_recipe

        federate_recipe(settings, out, resume=resume, processes=processes, data_root=data_root, tell=_tell)
    print(out)


def _refuse_processes(processes: int) -> None:
    if processes > 1:
        remedy = "leave --processes out: there, clients train at once"
        raise InputError("one seed at a time on Flower", f"{processes}", "--processes", remedy)


def _tell(progress: "Progress") -> None:
    accuracy = "" if progress.own is None else f"{1 - progress.own:.1%}"
    place = f"{progress.round}/{progress.rounds}"
    line = f"{progress.rule:<24} {progress.seed:>5} {place:>7} {accuracy:>19} {progress.seconds:>8.0f}"
    print(line, file=sys.stderr, flush=True)
