"""`isthmus curvature`: the second-order prediction beside the measurement."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.loss_option import loss_of_option


def curvature(
    a: Annotated[Path, typer.Argument(help="Checkpoint of network a: safetensors file or folder, or torch file.")],
    b: Annotated[Path, typer.Argument(help="Checkpoint of network b.")],
    model: Annotated[
        str, typer.Option(help="NAME[:option=value,...] (see isthmus models) or path/to/file.py:function.")
    ],
    data: Annotated[
        str,
        typer.Option(help="NAME[:SPLIT][[start:stop]], a Parquet, .npz or .safetensors file, or file.py:function."),
    ],
    hosts: Annotated[str, typer.Option(help="Which networks play host: a,b or a or b.")] = "a,b",
    layers: Annotated[str, typer.Option(help="module, tensor, block, type or pattern:GLOB,...")] = "module",
    loss: Annotated[
        str, typer.Option(help="cross_entropy, or file.py:function giving per-example losses.")
    ] = "cross_entropy",
    batch_norm: Annotated[
        str, typer.Option(help="host or interpolate: BatchNorm's running statistics in the measured move.")
    ] = "host",
    dtype: Annotated[str, typer.Option(help="float32, float64, bfloat16 or tf32.")] = "float32",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    batch_size: Annotated[int | None, typer.Option(help="Examples at once; a rule chooses if it is left out.")] = None,
    num_probes: Annotated[int, typer.Option(help="Random vectors for each trace; 0 leaves the traces out.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the random vectors.")] = 0,
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie; else ISTHMUS_DATA.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make: numbers, picture and report.html.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the study as JSON.")] = False,
) -> None:
    """Predict every layer's midpoint rise from slope and curvature at the host, beside the measured one."""
    from isthmus.cli.study_output import print_study
    from isthmus.data.spec import parsed_data_spec
    from isthmus.models.spec import parsed_model_spec
    from isthmus.runs.settings import checked_settings
    from isthmus.runs.study_settings import checked_count, refuse_recalibration

    settings = checked_settings(
        hosts=hosts.split(","),
        layers=layers,
        batch_norm=batch_norm,
        dtype=dtype,
        device=device,
        batch_size=batch_size,
        seed=seed,
    )
    refuse_recalibration(settings)
    checked_count("num_probes", num_probes, least=0)
    parsed_model_spec(model)
    parsed_data_spec(data)

    from isthmus.runs.curvature import curvature as studied

    study = studied(
        model,
        a,
        b,
        data,
        hosts=hosts.split(","),
        layers=layers,
        loss=loss_of_option(loss),
        batch_norm=batch_norm,
        dtype=dtype,
        device=device,
        batch_size=batch_size,
        num_probes=num_probes,
        seed=seed,
        data_root=data_root,
        out=out,
    )
    print_study(study, out, as_json=as_json)
