"""`isthmus average`: the chosen layers averaged, as a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.output.notes import print_lines


def average(
    a: Annotated[Path, typer.Argument(help="The host: a checkpoint file or folder; all other layers are its.")],
    b: Annotated[Path, typer.Argument(help="The donor, of the same architecture.")],
    out: Annotated[Path, typer.Option(help="A .safetensors file to make; of Hugging Face folders also a folder.")],
    layers: Annotated[
        str, typer.Option(help="Labels or patterns: conv1,layer2.*; with alphas: conv1=0.3,fc=0.7. Default: all.")
    ] = "*",
    alpha: Annotated[float, typer.Option(help="0 is a, 1 has b's layers.")] = 0.5,
    model: Annotated[
        str | None, typer.Option(help="The model, for exact layers and ties (see isthmus models).")
    ] = None,
    rule: Annotated[str, typer.Option(help="With --model: module, tensor, block or type.")] = "module",
    batch_norm: Annotated[
        str, typer.Option(help="interpolate, host or recalibrate: BatchNorm's running statistics.")
    ] = "interpolate",
    recalibrate_on: Annotated[str | None, typer.Option(help="A training split, for recalibrate and --repair.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="The folder that holds known data sets.")] = None,
    from_run: Annotated[Path | None, typer.Option(help="A run folder, from which --row takes its layers.")] = None,
    row: Annotated[str | None, typer.Option(help="A row of the run: its layers are averaged.")] = None,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Restore the mean and spread of every unit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Average chosen layers of two networks into a file that other tools go on with. It measures nothing."""
    from isthmus.merging.average import average as average_of
    from isthmus.merging.average import summary_of
    from isthmus.merging.choice import layers_of_row, layers_of_text

    chosen = layers_of_text(layers, alpha) if from_run is None else layers_of_row(from_run, row)
    averaged = average_of(
        a, b, layers=chosen, alpha=alpha, model=model, rule=rule, batch_norm=batch_norm, repair=repair,
        recalibration_data=recalibrate_on, data_root=data_root, out=out,
    )  # fmt: skip
    print_lines(averaged.notes)
    if as_json:
        print(json.dumps({**averaged.facts, "out": str(out)}, indent=1))
        return
    print(summary_of(averaged))
    print(f"written: {out}; what it costs: isthmus measure {a} {out} --model ... --data ... --sweep full")
