"""`isthmus curvature`: the second-order prediction and the measurement."""

from typing import Annotated, Any

import typer

from isthmus.cli import options
from isthmus.questions.study.settings import CURVATURE, study_request, valid_count


@options.with_settings(*CURVATURE)
def curvature(
    a: options.CheckpointA,
    b: options.CheckpointB,
    model: options.ModelOption,
    data: options.DataOption,
    batch_norm: Annotated[
        str, typer.Option(help="host or interpolate: BatchNorm's running statistics in the measured move.")
    ] = "host",
    num_probes: Annotated[int, typer.Option(help="Random vectors for each trace; 0: no traces.")] = 8,
    out: options.StudyFolder = None,
    *,
    as_json: options.JsonOption = False,
    **settings: Any,
) -> None:
    """Predict every layer's midpoint rise from slope and curvature at the host, and measure it."""
    from isthmus.cli.output.study import print_study

    valid_count("num_probes", num_probes, least=0)
    request = study_request(model, a, b, data, CURVATURE, batch_norm=batch_norm, out=out, **settings)

    from isthmus.questions.curvature.study import curvature_study

    print_study(curvature_study(request, num_probes), out, as_json=as_json)
