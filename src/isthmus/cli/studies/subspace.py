"""`isthmus subspace`: noise inside and outside the training subspace."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import (
    BatchSizeOption,
    DataRootOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    JsonOption,
    LayersOption,
    LossOption,
    ModelOption,
    ProgressOption,
    loss_of_option,
)


def subspace(
    a: Annotated[Path, typer.Argument(help="Folder with the checkpoints of network a, such as 20ep.safetensors.")],
    b: Annotated[Path, typer.Argument(help="Folder with the checkpoints of network b.")],
    model: ModelOption,
    data: Annotated[str, typer.Option(help="As for isthmus measure; one split.")],
    sigmas: Annotated[str, typer.Option(help="Lengths of the noise, starting at 0.")] = "0,0.125,0.25,0.5,1",
    sigma_unit: Annotated[
        str,
        typer.Option(
            help="distance: fractions of the distance between the networks; absolute: lengths in weight space."
        ),
    ] = "distance",
    draws: Annotated[int, typer.Option(help="Directions of each kind of noise.")] = 5,
    sweep: Annotated[
        list[str], typer.Option(help="full, single, or any other of isthmus measure; repeat for several.")
    ] = ["single"],  # noqa: B006
    hosts: Annotated[str, typer.Option(help="Start from which networks: a,b or a or b.")] = "a,b",
    layers: LayersOption = "module",
    loss: LossOption = "cross_entropy",
    dtype: DtypeOption = "float32",
    device: DeviceOption = "auto",
    engine: EngineOption = "shared",
    batch_size: BatchSizeOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    data_root: DataRootOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make: the study, a picture and report.html.")] = None,
    *,
    progress: ProgressOption = True,
    as_json: JsonOption = False,
) -> None:
    """Compare the way to the other network with noise inside and outside the span of training."""
    from isthmus.data.spec import parse_data_spec
    from isthmus.models.spec import parse_model_spec
    from isthmus.questions.noise.settings import NoiseSettings, sigmas_of
    from isthmus.runs.request.settings import settings_of
    from isthmus.sweeps.spec import sweeps_of

    noise = NoiseSettings(sigmas_of(sigmas), sigma_unit, draws)
    sweeps_of(sweep)
    settings_of(hosts=hosts.split(","), dtype=dtype, device=device, engine=engine, batch_size=batch_size, seed=seed)
    parse_model_spec(model)
    parse_data_spec(data)

    from isthmus.cli.output.study import print_study
    from isthmus.questions.noise.study import subspace_noise

    study = subspace_noise(
        model,
        a,
        b,
        data,
        sigmas=noise.sigmas,
        sigma_unit=noise.sigma_unit,
        num_draws=noise.num_draws,
        hosts=hosts.split(","),
        sweep=sweep,
        layers=layers,
        loss=loss_of_option(loss),
        dtype=dtype,
        device=device,
        engine=engine,
        batch_size=batch_size,
        seed=seed,
        progress=progress,
        out=out,
        data_root=data_root,
    )
    print_study(study, out, as_json=as_json)
