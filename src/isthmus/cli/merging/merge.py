"""`isthmus merge`: the largest set of layers that averages within a tolerance, as a file with its certificate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.options import (
    CheckpointA,
    DataOption,
    JsonOption,
    ModelOption,
    ProgressOption,
    with_settings,
)
from isthmus.cli.output.notes import print_lines

MERGE = (
    "layers",
    "loss",
    "error",
    "output",
    "batch_norm",
    "dtype",
    "device",
    "engine",
    "batch_size",
    "data_root",
    "ray",
)


@with_settings(*MERGE)
def merge(
    a: CheckpointA,
    donors: Annotated[
        list[Path],
        typer.Argument(
            metavar="B...",
            help="Checkpoints of the donors. With two or more each layer is the mean of the networks that fit in it.",
        ),
    ],
    model: ModelOption,
    data: DataOption,
    certify_on: Annotated[str, typer.Option(help="Other examples than --data, to certify the choice on.")],
    out: Annotated[
        Path | None, typer.Option(help="A .safetensors file to make; of Hugging Face folders also a folder.")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="What averaging may cost a: nats; a fraction of errors.")] = 0.02,
    metric: Annotated[str, typer.Option(help="loss or error: in what the cost is counted.")] = "loss",
    by: Annotated[
        str, typer.Option(help="What makes a set large: parameters, count, or a JSON file of numbers by layer.")
    ] = "parameters",
    alpha: Annotated[float, typer.Option(help="0 is a, 1 has b's layers.")] = 0.5,
    alphas: Annotated[
        str | None, typer.Option(help="Places such as 0.3,0.5,0.7: each layer at the one where it costs least alone.")
    ] = None,
    recalibrate_on: Annotated[
        str | None, typer.Option(help="Data for --batch-norm recalibrate: a training split, apart from both others.")
    ] = None,
    num_random: Annotated[int, typer.Option(help="Random sets of the same size to compare with.")] = 3,
    mergekit: Annotated[
        Path | None, typer.Option(help="A YAML file to make: the merge as a recipe for mergekit.")
    ] = None,
    *,
    progress: ProgressOption = True,
    as_json: JsonOption = False,
    **settings: Any,
) -> None:
    """Average as much of two networks or more as costs network a surely less than a tolerance, and say the cost."""
    from isthmus.merging.merge import merge as merge_networks
    from isthmus.merging.record import record_of_merge

    merged = merge_networks(
        model, a, donors, data, certify_on, tolerance=tolerance, metric=metric, by=by, alpha=alpha,
        alphas=alphas, num_random=num_random, recalibration_data=recalibrate_on, out=out, mergekit=mergekit,
        progress=progress, **settings,
    )  # fmt: skip
    page = None
    if out is not None and merged.layers:
        from isthmus.pages.merge import save_merge_page

        page = save_merge_page(merged, out)
    print_lines(merged.notes)
    if as_json:
        print(json.dumps(record_of_merge(merged), indent=1))
        return
    from rich.console import Console

    from isthmus.cli.output.study import rich_table
    from isthmus.pages.merge import merge_rows, same_words
    from isthmus.pages.merge_words import merge_sentence

    console = Console()
    console.print(rich_table(merge_rows(merged, brief=True), "On the examples of the certificate", console.width))
    print("\n".join(filter(None, (same_words(merged), merge_sentence(merged)))))
    if page is not None:
        print(f"written: {out}; page: {page}")
    elif out is None:
        print("add --out FILE.safetensors for the network, its record and a page")
