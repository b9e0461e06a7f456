"""`isthmus similarity`: features, predictions and weights of two networks and their blends."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import (
    BatchSizeOption,
    CheckpointA,
    CheckpointB,
    DataOption,
    DataRootOption,
    DeviceOption,
    DtypeOption,
    JsonOption,
    LayersOption,
    LossOption,
    ModelOption,
    loss_of_option,
)


def similarity(
    a: CheckpointA,
    b: CheckpointB,
    model: ModelOption,
    data: DataOption,
    alphas: Annotated[
        str, typer.Option(help="11: that many evenly spaced points of [0, 1]; 0.5 or 0,0.25,0.5: these positions.")
    ] = "0.5",
    layers: LayersOption = "module",
    initial_a: Annotated[Path | None, typer.Option(help="The weights that a started from.")] = None,
    initial_b: Annotated[
        Path | None,
        typer.Option(help="The weights that b started from; if they equal --initial-a, the angle there is given."),
    ] = None,
    loss: LossOption = "cross_entropy",
    batch_norm: Annotated[
        str, typer.Option(help="interpolate or host (here a): BatchNorm's running statistics of the blends.")
    ] = "interpolate",
    dtype: DtypeOption = "float32",
    device: DeviceOption = "auto",
    batch_size: BatchSizeOption = None,
    data_root: DataRootOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make: numbers, picture and report.html.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare features, predictions and weights of two networks and of the blends between them."""
    from isthmus.cli.output.study import print_study
    from isthmus.data.spec import parse_data_spec
    from isthmus.models.spec import parse_model_spec
    from isthmus.questions.study.settings import refuse_recalibration
    from isthmus.runs.request.settings import alphas_of, settings_of

    grid = alphas_of(alphas)
    settings = settings_of(
        alphas=grid, layers=layers, batch_norm=batch_norm, dtype=dtype, device=device, batch_size=batch_size
    )
    refuse_recalibration(settings)
    parse_model_spec(model)
    parse_data_spec(data)

    from isthmus.questions.similarity.study import similarity as studied

    study = studied(
        model,
        a,
        b,
        data,
        alphas=grid,
        layers=layers,
        initial_a=initial_a,
        initial_b=initial_b,
        loss=loss_of_option(loss),
        batch_norm=batch_norm,
        dtype=dtype,
        device=device,
        batch_size=batch_size,
        data_root=data_root,
        out=out,
    )
    print_study(study, out, as_json=as_json)
