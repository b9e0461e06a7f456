"""`isthmus attribute`: the cost of averaging everything, divided among the layers."""

from typing import Annotated, Any

import typer

from isthmus.cli import options
from isthmus.questions.study.settings import ATTRIBUTION, study_request, valid_count


@options.with_settings(*ATTRIBUTION)
def attribute(
    a: options.CheckpointA,
    b: options.CheckpointB,
    model: options.ModelOption,
    data: options.DataOption,
    alpha: Annotated[float, typer.Option(help="0 is the host, 1 has the donor's layers.")] = 0.5,
    num_orders: Annotated[int, typer.Option(help="Orders to draw where more than 12 layers differ; even.")] = 32,
    out: options.StudyFolder = None,
    *,
    as_json: options.JsonOption = False,
    **settings: Any,
) -> None:
    """Divide what averaging everything costs among the layers: alone against together (Shapley values)."""
    from isthmus.cli.output.study import print_study

    valid_count("num_orders", num_orders, least=16)
    request = study_request(model, a, b, data, ATTRIBUTION, out=out, sweep="single", **settings)

    from isthmus.questions.attribution.study import attribution_study

    print_study(attribution_study(request, alpha, num_orders), out, as_json=as_json)
