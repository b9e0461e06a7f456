"""`isthmus measure`: the main job."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.networks import networks_and_steps
from isthmus.cli.options import (
    BatchSizeOption,
    DataRootOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    HostsOption,
    JsonOption,
    LayersOption,
    LossOption,
    ModelOption,
    ProgressOption,
    loss_of_option,
)
from isthmus.cli.output.notes import print_notes
from isthmus.sweeps.spec import FORMS

Many = list[str]


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
        Many,
        typer.Option(
            help="NAME[:SPLIT][[start:stop]][:mean=0.5,std=0.25], a Parquet, .npz or .safetensors file, or "
            "file.py:function. Repeat for several splits."
        ),
    ],
    sweep: Annotated[
        Many, typer.Option(help=f"{', '.join(FORMS)}: which layers move together. Repeat for several.")
    ] = ["single"],  # noqa: B006
    alphas: Annotated[
        str,
        typer.Option(
            help="11: that many evenly spaced points of [0, 1]; 0.5 or 0,0.25,0.5: these positions; auto (auto:0.01): "
            "more points near every curve's maximum."
        ),
    ] = "0.5",
    hosts: HostsOption = "a,b",
    layers: LayersOption = "module",
    loss: LossOption = "cross_entropy",
    baseline: Annotated[
        str, typer.Option(help="models, chord, cut or host: what the excess is counted from.")
    ] = "models",
    batch_norm: Annotated[
        str, typer.Option(help="interpolate, host or recalibrate: BatchNorm's running statistics.")
    ] = "interpolate",
    recalibrate_on: Annotated[
        str | None, typer.Option(help="Data for --batch-norm recalibrate: a training split.")
    ] = None,
    dtype: DtypeOption = "float32",
    device: DeviceOption = "auto",
    engine: EngineOption = "shared",
    batch_size: BatchSizeOption = None,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 0,
    precision: Annotated[
        float | None,
        typer.Option(help="Stop once the 95 % interval of every rise and barrier is this tight (half-width, nats)."),
    ] = None,
    directions: Annotated[
        int, typer.Option(help="Number of random directions beside every barrier, each as long as the averaging step.")
    ] = 0,
    steps: Annotated[
        str | None, typer.Option(help="With folders of checkpoints: which steps, for example 0ep,20ep.")
    ] = None,
    data_root: DataRootOption = None,
    out: Annotated[Path | None, typer.Option(help="Run folder to make: results, pictures and report.html.")] = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out, if there is one.")] = False,
    allow_shared_examples: Annotated[
        bool, typer.Option("--allow-shared-examples", help="Let recalibration use measured examples.")
    ] = False,
    only_plan: Annotated[
        bool, typer.Option("--dry-run", help="Print points, cost, memory and a time estimate; measure nothing.")
    ] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the stages of the shared engine.")] = False,
    simultaneous: Annotated[
        bool, typer.Option("--simultaneous", help="With --precision: intervals that hold for all barriers at once.")
    ] = False,
    paired: Annotated[
        bool, typer.Option("--paired", help="Take networks two by two: A B C D are the pairs A-B and C-D.")
    ] = False,
    progress: ProgressOption = True,
    as_json: JsonOption = False,
) -> None:
    """Measure what averaging each layer of two networks costs, of all pairs of several, or along their training."""
    a, b, steps_named = networks_and_steps(networks, steps, paired=paired)
    grid = _checked(
        alphas,
        hosts,
        sweep,
        model,
        data,
        recalibrate_on,
        layers=layers,
        baseline=baseline,
        seed=seed,
        batch_norm=batch_norm,
        dtype=dtype,
        device=device,
        engine=engine,
        compile=compiled,
        batch_size=batch_size,
        precision=precision,
        simultaneous=simultaneous,
        directions=directions,
    )
    arguments: dict[str, Any] = {
        "sweep": sweep,
        "alphas": grid,
        "hosts": hosts.split(","),
        "layers": layers,
        "loss": loss_of_option(loss),
        "baseline": baseline,
        "batch_norm": batch_norm,
        "recalibration_data": recalibrate_on,
        "allow_shared_examples": allow_shared_examples,
        "dtype": dtype,
        "device": device,
        "engine": engine,
        "compile": compiled,
        "batch_size": batch_size,
        "seed": seed,
        "precision": precision,
        "simultaneous": simultaneous,
        "directions": directions,
        "data_root": data_root,
    }
    if only_plan:
        from isthmus.runs.collection import first_pair
        from isthmus.runs.dry_run import dry_run
        from isthmus.runs.request.request import request_of

        first_a, first_b, num_members = first_pair(a, b, steps_named)
        plan = dry_run(request_of(model, first_a, first_b, data, **arguments))
        _print_plan(plan, num_members, as_json=as_json)
        return
    from isthmus.runs.measure import measure as measured

    result = measured(model, a, b, data, steps=steps_named, progress=progress, out=out, resume=resume, **arguments)
    page = None
    if out is not None:
        from isthmus.pages.result import save_result_report

        page = save_result_report(out.resolve().name, result, out)
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


def _checked(
    alphas: str, hosts: str, sweep: Many, model: str, data: Many, recalibrate_on: str | None, **rest: Any
) -> Any:
    """Refuse wrong arguments before torch is imported."""
    from isthmus.data.spec import parse_data_spec
    from isthmus.models.spec import parse_model_spec
    from isthmus.runs.request.settings import alphas_of, settings_of
    from isthmus.sweeps.spec import sweeps_of

    grid = alphas_of(alphas)
    sweeps_of(sweep)
    settings_of(alphas=grid, hosts=hosts.split(","), **rest)
    parse_model_spec(model)
    for text in [*data, *([recalibrate_on] if recalibrate_on else [])]:
        parse_data_spec(text)
    return grid


def _print_plan(plan: Any, num_members: int, *, as_json: bool) -> None:
    """Print a `DryRun`."""
    if as_json:
        print(json.dumps(asdict(plan) | ({"num_members": num_members} if num_members > 1 else {}), indent=1))
        return
    if num_members > 1:
        print(f"the first of {num_members} members; all together take about {num_members * plan.seconds:.0f} s")
    print(f"{plan.num_points} points on {plan.num_examples} examples, {plan.batch_size} at once")
    print(f"engine: {plan.engine_note}")
    if plan.planned_flops:
        share = plan.planned_flops / plan.naive_flops
        print(
            f"floating-point operations: {plan.planned_flops:.3g} planned, {plan.naive_flops:.3g} naive ({share:.3f})"
        )
    print(f"forward passes for each example: {plan.forwards:.1f} planned, {plan.num_points} naive")
    print(f"memory for values held between stages: {plan.live_bytes / 2**20:.0f} MiB")
    print(f"time: about {plan.seconds:.0f} s, from a few forward passes just now")
