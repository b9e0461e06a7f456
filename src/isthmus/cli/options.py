"""Options that several commands share. Options of settings come from the settings' fields."""

from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from isthmus.runs.request.request import ASKED
from isthmus.runs.request.signature import names_left_out, with_parameters

F = TypeVar("F", bound=Callable[..., Any])
AS_TYPED = (int, str, int | None, float | None, Path | None)
"""Types of fields that an option has too; every other one is written as text, a tuple with commas."""

ModelOption = Annotated[
    str, typer.Option(help="NAME[:option=value,...] (see isthmus models) or path/to/file.py:function.")
]
DataOption = Annotated[
    str,
    typer.Option(
        help="NAME[:SPLIT][[start:stop]][:mean=0.5,std=0.25], a Parquet, .npz or .safetensors file, or "
        "file.py:function."
    ),
]
SweepOption = Annotated[list[str], typer.Option(help=ASKED["sweep"].description)]
ProgressOption = Annotated[bool, typer.Option(help=ASKED["progress"].description)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
StudyFolder = Annotated[Path | None, typer.Option(help="Folder to make: numbers, picture and report.html.")]
CheckpointA = Annotated[
    Path, typer.Argument(help="Checkpoint of network a: safetensors file or folder, or torch file.")
]
CheckpointB = Annotated[Path, typer.Argument(help="Checkpoint of network b.")]


def with_settings(*names: str) -> Callable[[F], F]:
    """A command with options for settings, which it takes as `**settings`.

    Args:
        names: Of `ASKED`; none for all. What the command names itself is left to it.

    Returns:
        A decorator.
    """
    return lambda command: with_parameters(command, map(_option, names_left_out(command, names)))


def _option(name: str) -> Parameter:
    field = ASKED[name]
    kind, default = field.annotation, field.default
    if kind is bool:
        # Named, so that typer makes no second option --no-NAME of it.
        option = typer.Option(f"--{name.replace('_', '-')}", help=field.description)
    else:
        option = typer.Option(help=field.description)
        kind = kind if kind in AS_TYPED else str if default is not None else str | None
        default = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
