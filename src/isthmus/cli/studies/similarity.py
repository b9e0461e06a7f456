"""`isthmus similarity`: features, predictions and weights of two networks and their blends."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli import options
from isthmus.questions.study.settings import EVERY_STUDY, SIMILARITY, study_request


@options.with_settings(*EVERY_STUDY)
def similarity(
    a: options.CheckpointA,
    b: options.CheckpointB,
    model: options.ModelOption,
    data: options.DataOption,
    alphas: Annotated[
        str, typer.Option(help="11: that many evenly spaced points of [0, 1]; 0.5 or 0,0.25,0.5: these positions.")
    ] = "0.5",
    initial_a: Annotated[Path | None, typer.Option(help="The weights that a started from.")] = None,
    initial_b: Annotated[
        Path | None,
        typer.Option(help="The weights that b started from; if they equal --initial-a, the angle there is given."),
    ] = None,
    batch_norm: Annotated[
        str, typer.Option(help="interpolate or host (here a): BatchNorm's running statistics of the blends.")
    ] = "interpolate",
    out: options.StudyFolder = None,
    *,
    as_json: options.JsonOption = False,
    **settings: Any,
) -> None:
    """Compare features, predictions and weights of two networks and of the blends between them."""
    from isthmus.cli.output.study import print_study

    request = study_request(
        model, a, b, data, SIMILARITY, sweep="full", alphas=alphas, batch_norm=batch_norm, out=out, **settings
    )

    from isthmus.questions.similarity.study import similarity_study

    print_study(similarity_study(request, initial_a, initial_b), out, as_json=as_json)
