"""`isthmus measure`: the main job."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.networks import beside_aligned, networks_to_measure
from isthmus.cli.options import JsonOption, ModelOption, ProgressOption, SweepOption, with_settings
from isthmus.cli.output.notes import print_notes
from isthmus.runs.request.request import Request, request_of


@with_settings()
def measure(
    networks: Annotated[
        list[Path],
        typer.Argument(
            metavar="CHECKPOINT",
            help="Checkpoints of networks a and b: safetensors files or folders, or torch files. Three or more: all "
            "pairs are measured. Folders of checkpoints named 0ep.safetensors, 500it.safetensors, ...: every step "
            "that all of them have.",
        ),
    ],
    model: ModelOption,
    data: Annotated[
        list[str],
        typer.Option(
            help="NAME[:SPLIT][[start:stop]][:option=value,...]: a known set, a table of texts, tokens or images "
            "(.csv, .jsonl, .parquet, save_to_disk), arrays (.npz, .safetensors, .pt), or file.py:function. Repeat for "
            "several splits."
        ),
    ],
    sweep: SweepOption = ["single"],  # noqa: B006
    recalibrate_on: Annotated[
        str | None, typer.Option(help="Data for --batch-norm recalibrate: a training split.")
    ] = None,
    align: Annotated[
        str | None,
        typer.Option(help="weights, or examples to correlate units on: also measure b aligned to a."),
    ] = None,
    *,
    only_plan: Annotated[
        bool, typer.Option("--dry-run", help="Print points, cost, memory and a time estimate; measure nothing.")
    ] = False,
    paired: Annotated[
        bool, typer.Option("--paired", help="Take networks two by two: A B C D are the pairs A-B and C-D.")
    ] = False,
    progress: ProgressOption = True,
    as_json: JsonOption = False,
    **settings: Any,
) -> None:
    """Measure what averaging each layer of two networks costs, of all pairs of several, or along their training."""
    with ExitStack() as files:
        if align is None:
            a, b = networks_to_measure(networks, paired=paired)
        else:
            a, b = files.enter_context(beside_aligned(networks, model, align, settings.get("data_root")))
        request = request_of(
            model, a, b, data, sweep=sweep, recalibration_data=recalibrate_on, progress=progress, **settings
        )
        _answer(request, only_plan=only_plan, as_json=as_json)


def _answer(request: Request, *, only_plan: bool, as_json: bool) -> None:
    if only_plan:
        from isthmus.runs.dry_run import dry_run

        _print_plan(dry_run(request), as_json=as_json)
        return
    from isthmus.runs.measure import result_of

    result = result_of(request)
    page = None
    if request.out is not None:
        from isthmus.pages.result import save_result_report

        page = save_result_report(request.out.resolve().name, result, request.out)
    print_notes(result.attrs)
    if as_json:
        from isthmus.cli.output.json_text import json_text

        print(json_text(result))
        return
    from rich.console import Console

    from isthmus.report.barriers.terminal import summary_texts
    from isthmus.report.collections.members import has_members, members_texts

    texts = members_texts(result) if has_members(result) else summary_texts(result)
    Console().print(*texts, sep="\n")
    print(f"report: {page}" if page else "add --out FOLDER for pictures, a page, and files to go on with")


def _print_plan(plan: Any, *, as_json: bool) -> None:
    """Print a `DryRun`."""
    if as_json:
        alone = plan.num_members == 1
        print(json.dumps({k: v for k, v in asdict(plan).items() if k != "num_members" or not alone}, indent=1))
        return
    if plan.num_members > 1:
        together = plan.num_members * plan.seconds
        print(f"the first of {plan.num_members} members; all together take about {together:.0f} s")
    print(f"{plan.num_points} points on {plan.num_examples} examples, {plan.batch_size} at once")
    print(f"engine: {plan.engine_note}")
    if plan.planned_flops:
        share = plan.planned_flops / plan.naive_flops
        print(
            f"floating-point operations: {plan.planned_flops:.3g} planned, {plan.naive_flops:.3g} naive ({share:.3f})"
        )
    print(f"forward passes for each example: {plan.forwards:.1f} planned, {plan.num_points} naive")
    print(f"memory for values held between stages: {plan.live_bytes / 2**20:.0f} MiB")
    if plan.peak_bytes:
        print(f"memory at the peak, beside what is loaded: about {plan.peak_bytes / 2**20:.0f} MiB")
    print(f"time: about {plan.seconds:.0f} s, from a few forward passes just now")
