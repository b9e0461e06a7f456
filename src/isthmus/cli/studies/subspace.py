"""`isthmus subspace`: noise inside and outside the training subspace."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli import options
from isthmus.questions.study.settings import NOISE, study_request


@options.with_settings(*NOISE)
def subspace(
    a: Annotated[Path, typer.Argument(help="Folder with the checkpoints of network a, such as 20ep.safetensors.")],
    b: Annotated[Path, typer.Argument(help="Folder with the checkpoints of network b.")],
    model: options.ModelOption,
    data: Annotated[str, typer.Option(help="As for isthmus measure; one split.")],
    sigmas: Annotated[str, typer.Option(help="Lengths of the noise, starting at 0.")] = "0,0.125,0.25,0.5,1",
    sigma_unit: Annotated[
        str,
        typer.Option(
            help="distance: fractions of the distance between the networks; absolute: lengths in weight space."
        ),
    ] = "distance",
    draws: Annotated[int, typer.Option(help="Directions of each kind of noise.")] = 5,
    sweep: options.SweepOption = ["single"],  # noqa: B006
    hosts: Annotated[str, typer.Option(help="Start from which networks: a,b or a or b.")] = "a,b",
    out: options.StudyFolder = None,
    *,
    progress: options.ProgressOption = True,
    as_json: options.JsonOption = False,
    **settings: Any,
) -> None:
    """Compare the way to the other network with noise inside and outside the span of training."""
    from isthmus.cli.output.study import print_study
    from isthmus.questions.noise.settings import NoiseSettings, sigmas_of

    noise = NoiseSettings(sigmas_of(sigmas), sigma_unit, draws)
    request = study_request(model, a, b, data, NOISE, sweep=sweep, hosts=hosts, progress=progress, out=out, **settings)

    from isthmus.questions.noise.study import noise_study

    print_study(noise_study(request, noise), out, as_json=as_json)
