"""`isthmus status`: how far a long run is."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import JsonOption
from isthmus.cli.output.work import COMPLETE, work_in


def status(
    folder: Annotated[Path, typer.Argument(help="What was given to --out, or a folder of such folders.")],
    *,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Also write losses and what else work says of itself as scalars into a folder.")
    ] = None,
    wandb: Annotated[
        str | None, typer.Option(help="Also write these scalars as runs of a project of Weights & Biases, offline.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Also name what is complete.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what of the work in a folder is done, how fast it goes, what is left and which process works there.

    Reads manifests, locks and progress.jsonl; touches and loads nothing.
    """
    found = work_in(folder)
    if tensorboard is not None:
        from isthmus.cli.output.tensorboard import save_scalars

        typer.echo(f"scalars: {save_scalars(found, folder, tensorboard)}", err=True)
    if wandb is not None:
        from isthmus.cli.output.wandb import save_runs

        typer.echo(f"scalars: {save_runs(found, folder, wandb)}", err=True)
    if as_json:
        print(json.dumps([asdict(work) for work in found], indent=1))
        return
    for work in found:
        if show_all or work.state != COMPLETE or work is found[0]:
            print(work)
    counts = Counter(work.state for work in found)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
