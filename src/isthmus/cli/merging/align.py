"""`isthmus align`: network b with its units permuted to network a's, its function unchanged."""

import json
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import ModelOption
from isthmus.cli.output.notes import print_lines


def align(
    a: Annotated[Path, typer.Argument(help="The network to come near to: a checkpoint file or folder.")],
    b: Annotated[Path, typer.Argument(help="The network whose units are permuted.")],
    model: ModelOption,
    out: Annotated[Path, typer.Option(help="A .safetensors file to make; of a Hugging Face folder also a folder.")],
    data: Annotated[
        str | None, typer.Option(help="Examples to correlate units and check on; default: random inputs, to check on.")
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="weights; activations: units that answer alike to the examples of --data; or loss: from there on the "
            "loss half-way is descended on --data."
        ),
    ] = "weights",
    data_root: Annotated[Path | None, typer.Option(help="The folder that holds known data sets.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which groups of units are taken.")] = 0,
    starts: Annotated[int, typer.Option(help="How often the search begins; the best end counts.")] = 1,
    steps: Annotated[int, typer.Option(help="By loss: how many steps of 200 examples.")] = 200,
    loss: Annotated[str, typer.Option(help="By loss: as for isthmus measure.")] = "cross_entropy",
    trajectory: Annotated[
        Path | None,
        typer.Option(help="A folder of b's checkpoints by step, permuted alike into a folder."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu, cuda, ...")] = "auto",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Permute b's units so that its weights lie near a's; what b computes stays as it is, and is compared."""
    from isthmus.merging.align import align as align_of
    from isthmus.merging.align import summary_of

    aligned = align_of(
        a, b, model=model, data=data, by=by, data_root=data_root, seed=seed, starts=starts, steps=steps,
        loss=loss, trajectory=trajectory, device=device, out=out,
    )  # fmt: skip
    print_lines(aligned.notes)
    if as_json:
        found = {"fixed": aligned.reasons, "likeness": [aligned.objectives[0], aligned.objectives[-1]]}
        print(json.dumps({**aligned.facts, **found, "out": str(out)}, indent=1))
        return
    print(summary_of(aligned))
    print(f"written: {out}; what is left of the barrier: isthmus measure {a} {out} --model ... --data ... --sweep full")
