"""`isthmus curvature`: the second-order prediction and the measurement."""

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
    HostsOption,
    JsonOption,
    LayersOption,
    LossOption,
    ModelOption,
    loss_of_option,
)


def curvature(
    a: CheckpointA,
    b: CheckpointB,
    model: ModelOption,
    data: DataOption,
    hosts: HostsOption = "a,b",
    layers: LayersOption = "module",
    loss: LossOption = "cross_entropy",
    batch_norm: Annotated[
        str, typer.Option(help="host or interpolate: BatchNorm's running statistics in the measured move.")
    ] = "host",
    dtype: DtypeOption = "float32",
    device: DeviceOption = "auto",
    batch_size: BatchSizeOption = None,
    num_probes: Annotated[int, typer.Option(help="Random vectors for each trace; 0: no traces.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the random vectors.")] = 0,
    data_root: DataRootOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make: numbers, picture and report.html.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Predict every layer's midpoint rise from slope and curvature at the host, and measure it."""
    from isthmus.cli.output.study import print_study
    from isthmus.data.spec import parse_data_spec
    from isthmus.models.spec import parse_model_spec
    from isthmus.questions.study.settings import refuse_recalibration, valid_count
    from isthmus.runs.request.settings import settings_of

    settings = settings_of(
        hosts=hosts.split(","),
        layers=layers,
        batch_norm=batch_norm,
        dtype=dtype,
        device=device,
        batch_size=batch_size,
        seed=seed,
    )
    refuse_recalibration(settings)
    valid_count("num_probes", num_probes, least=0)
    parse_model_spec(model)
    parse_data_spec(data)

    from isthmus.questions.curvature.study import curvature as studied

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
