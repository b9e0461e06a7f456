"""`isthmus inspect`: what a checkpoint holds, or how far apart two are. It needs no data."""

import json
import math
from pathlib import Path
from typing import Annotated

import typer


def inspect(
    a: Annotated[Path, typer.Argument(help="A checkpoint: safetensors file or folder, or torch file.")],
    b: Annotated[Path | None, typer.Argument(help="A second checkpoint, to compare with.")] = None,
    model: Annotated[str | None, typer.Option(help="The model, for the exact layers (see isthmus models).")] = None,
    layers: Annotated[
        str, typer.Option(help="With --model: module, tensor, block, type or pattern:GLOB,...")
    ] = "module",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show layers, shapes and parameters; with a second checkpoint, distance and cosine of every layer."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from isthmus.cli.output.json_text import plain_number
    from isthmus.cli.output.notes import print_lines
    from isthmus.questions.inspection.answer import checkpoint_layers

    rows, notes = checkpoint_layers(a, b, model, layers)
    print_lines(notes)
    if as_json:
        print(json.dumps([{key: plain_number(value) for key, value in row.items()} for row in rows], indent=1))
        return
    table = Table(box=None, header_style="bold")
    columns = ["layer", "shapes", "parameters"] + (["distance", "relative", "cosine"] if b else [])
    for column in columns:
        table.add_column(column, justify="left" if column in {"layer", "shapes"} else "right", overflow="fold")
    for row in rows:
        cells = [row["layer"], row["shapes"], f"{row['parameters']:,}"]
        if b:
            cosine = row["cosine"]
            numbers = ((row["distance"], ".4g"), (row["relative_distance"], ".3f"))
            cells += ["undefined" if math.isnan(number) else format(number, form) for number, form in numbers]
            cells += [f"{cosine:.4f}" if isinstance(cosine, float) else str(cosine)]
        table.add_row(*(Text(str(cell)) for cell in cells))  # as a text: a layer may be called [bold]
    Console().print(table)
