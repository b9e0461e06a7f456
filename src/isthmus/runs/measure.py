"""`measure()`: which layers of two networks can be averaged."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
import xarray as xr

from isthmus.errors import IsthmusWarning
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.losses.loss import Loss
from isthmus.evaluation.reduced_arithmetic import float32_products
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.layers.partition import LayerPartition
from isthmus.results.dataset import class_dataset, layer_variables, result_dataset
from isthmus.runs.as_stored import losses_as_stored
from isthmus.runs.carried import with_content
from isthmus.runs.collection import measure_collection
from isthmus.runs.evaluated import evaluate_splits
from isthmus.runs.folder.beginning import resumable_record
from isthmus.runs.folder.grid_record import GridRecord
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.loading import load_run
from isthmus.runs.folder.manifest import record_of, resumed_record
from isthmus.runs.folder.measurement import Measurement
from isthmus.runs.folder.table import save_results, save_tables
from isthmus.runs.precise import asked_precision
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.networks import Networks, is_one_network
from isthmus.runs.request.request import Request, request_of
from isthmus.runs.request.settings import Alphas
from isthmus.runs.subject import chosen_engine, subject_of
from isthmus.sweeps.group import Sweep


def measure(
    model: Model,
    a: Weights | Networks,
    b: Weights | Networks | None,
    data: object,
    sweep: str | Sweep | Sequence[str | Sweep] = "single",
    alphas: Alphas = (0.5,),
    hosts: Sequence[str] = ("a", "b"),
    layers: str | LayerPartition = "module",
    loss: str | Loss = "cross_entropy",
    baseline: str = "models",
    batch_norm: str = "interpolate",
    recalibration_data: object = None,
    *,
    allow_shared_examples: bool = False,
    dtype: str = "float32",
    device: str = "auto",
    engine: str = "shared",
    compile: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
    precision: float | None = None,
    simultaneous: bool = False,
    directions: int = 0,
    progress: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
    data_root: str | Path | None = None,
    steps: Sequence[str] | None = None,
) -> xr.Dataset:
    """Measure which layers of two networks can be averaged.

    For every host, every moving group of layers and every alpha: the mean loss and error rate of the host with the
    moving layers taken at alpha of the way to the donor, their excess over the baseline, and for every (host, moving)
    the barrier, the largest excess on the grid, with its 95 % interval (`isthmus.measures.barrier.barrier_of`).
    Adilova et al., "Layer-wise linear mode connectivity", ICLR 2024. Departures: the grid's ends count, the interval,
    other baselines than the mean of the two networks, and alpha runs from the host (the paper's is 1 minus ours).

    Args:
        model: A module, a function that builds one, or a name such as "resnet18_no_norm:width=16".
        a: State dict of network a, or the path of a checkpoint. With b=None a mapping of names to such, or a list: all
            pairs are measured. A folder of checkpoints by step (0ep.safetensors, ...) beside another: every step.
        b: The same of network b; a list beside a list of equal length measures the pairs (a_k, b_k).
        data: (inputs, targets), a Dataset or unshuffled DataLoader, a name such as "cifar10:test[0:512]", or a mapping
            of split names to these.
        sweep: One of `isthmus.sweeps.spec.FORMS` such as "single", "window:4" or "cumulative:random:0,1,2", a `Sweep`,
            or a list of them, which share one plan. The row "all" is always there.
        alphas: Positions between host (0) and donor (1), also outside [0, 1]; or a count n >= 2 of evenly spaced ones;
            or "auto": 9 of them, and further ones about the maximum of every curve until its position is known to 1/64
            ("auto:0.01" to 0.01). Then `loss_midpoint_barrier` stands beside `loss_barrier`, and `refined_alpha` says
            where besides the grid a cut was evaluated (`isthmus.runs.refine`).
        hosts: Which networks play host.
        layers: "module", "tensor", "block", "type", "pattern:GLOB,...", or a `LayerPartition`.
        loss: "cross_entropy" (nats), "squared_error", "binary_cross_entropy" (nats per label), or a function (outputs,
            targets) -> per-example losses.
        baseline: "models", "chord", "cut" or "host" (`isthmus.measures.baseline.baseline_values`).
        batch_norm: What becomes of running statistics: "interpolate" blends them with their layer, "host" keeps the
            host's, "recalibrate" measures them anew for every network, a and b included.
        recalibration_data: What "recalibrate" measures them on; a training split.
        allow_shared_examples: Whether measured examples may be among the recalibration data.
        dtype: "float32", "float64", "bfloat16", or "tf32": float32 with products in TF32, on an accelerator. Blends are
            computed in float32, or in float64. Reduced precision is compared with float32 in `self_checks`.
        device: "auto", "cpu", "cuda:1", ...
        engine: "shared" computes what points have in common once; "direct" is its specification.
        compile: Whether `torch.compile` compiles the stages of the shared engine; refused where there are none.
        batch_size: Examples at once; by default 64 on a processor, else 512. Halved where memory runs out.
        seed: Of everything random.
        precision: Draw only as many examples as a 95 % interval of at most this half-width (nats) needs for every loss
            barrier and its rise, for the mean over the named data. It holds for each for itself, as far as what was not
            drawn resembles what was: assumptions and measured coverage in `isthmus.measures.intervals.sequential`. Some
            2,000 examples are drawn at least, and a small data set whole; `num_examples` says what each cut took.
        simultaneous: Let those intervals hold for all barriers of a split at once, at the price of more examples.
        directions: Number of random directions beside every moving group, as long as the group's step of averaging:
            `random_loss_rise` and `averaging_loss_rise` over (host, moving, fraction), with intervals, the spread over
            draws and the ratio of the two (`isthmus.measures.robustness`).
        progress: Whether to show on standard error how far it is.
        out: A run folder, to be made.
        resume: Go on with the run in `out`, if it is there and of these very inputs; refused where that can't be told,
            as of a loss that holds an open file (the attribute `unidentified` names such parts).
        data_root: Where data sets lie; else `ISTHMUS_DATA`, else the user's cache folder.
        steps: Which steps of trajectories, such as ("0ep", "20ep"); by default all that every one of them has.

    Returns:
        Dimensions host, moving, alpha (and split, if several): `loss`, `error_rate`, `loss_excess`, `error_excess`;
        over (host, moving) `loss_barrier`, its `_low` and `_high`, `alpha_at_loss_barrier`, the same of the error,
        `num_examples`; `loss_rise`, what averaging costs the host, and its relatives (`isthmus.results.rises`),
        whatever the baseline; scalars `loss_a`, ... The attributes are the manifest. Of several networks and of
        trajectories all of these have leading dimensions pair (labels "x-y") and step ("20ep"); see
        `isthmus.runs.collection`.

    Raises:
        InputError: Something is wrong with the input: expected, got, where, what to do.

    Example:
        >>> net = torch.nn.Linear(2, 2)
        >>> a, b = ({"weight": s * torch.eye(2), "bias": torch.zeros(2)} for s in (1.0, 3.0))
        >>> result = measure(net, a, b, (torch.eye(2), torch.tensor([0, 1])))
        >>> round(float(result.loss_a), 4)  # log(1 + exp(-1))
        0.3133
    """
    given = dict(locals())
    if steps is not None or not (is_one_network(a) and is_one_network(b)):
        return measure_collection(measure, given)
    request = request_of(
        model,
        a,
        b,
        data,
        sweep=sweep,
        alphas=alphas,
        hosts=hosts,
        layers=layers,
        loss=loss,
        baseline=baseline,
        batch_norm=batch_norm,
        recalibration_data=recalibration_data,
        allow_shared_examples=allow_shared_examples,
        dtype=dtype,
        device=device,
        engine=engine,
        compile=compile,
        batch_size=batch_size,
        seed=seed,
        precision=precision,
        simultaneous=simultaneous,
        directions=directions,
        data_root=data_root,
    )
    if out is None:
        return _measured(request, None, progress=progress)
    folder = Path(out)
    refuse_held(folder)
    earlier = resumable_record(folder, resume=resume)
    if earlier is not None and earlier.complete:
        resumed_record(record_of(subject_of(request), request), earlier, folder)
        return load_run(folder)
    with held_folder(folder) as hold:
        return _measured(request, hold, progress=progress, resume=resume)


def _measured(request: Request, hold: Hold | None, *, progress: bool, resume: bool = False) -> xr.Dataset:
    folder = None if hold is None else hold.folder
    earlier = None if folder is None else resumable_record(folder, resume=resume)
    settings, subject = request.settings, subject_of(request)
    record = record_of(subject, request)
    if folder is not None and earlier is not None:
        record = resumed_record(record, earlier, folder)
        if earlier.complete:  # by another process, just now
            return load_run(folder)
    if folder is not None and record.unidentified:
        text = f"interrupted, this run can't go on: {', '.join(record.unidentified)} can't be told from others"
        warnings.warn(text, IsthmusWarning, stacklevel=3)
        record = record.model_copy(update={"warnings": (*record.warnings, text)})
    with _threads(record.num_threads), float32_products(settings.dtype, subject.network.device):
        size = BatchSize(record.batch_size)
        chosen = chosen_engine(subject, settings, size)
        record = record.model_copy(update={"engine": chosen.name, "engine_note": chosen.note})
        grid, tables = evaluate_splits(subject, record, chosen.engine, hold, progress=progress)
        stored = losses_as_stored(subject, tables, size)
    found = {"complete": True, "batch_size": size.size, "grid": GridRecord.of(grid), "as_stored": stored}
    record = record.model_copy(update=found)
    layer_values, asked = layer_variables(subject.distances), asked_precision(settings)
    result = result_dataset(grid, tables, settings.baseline, layer_values, record.attributes(), asked)
    if folder is None:
        return with_content(result, Measurement(record, tables))
    assert hold is not None
    hold.confirm()
    split = next(iter(tables))
    classes = class_dataset(grid, tables, settings.baseline, subject.splits[split].class_names, result["distance"])
    if classes is not None:
        save_results(classes, split, Layout(folder).classes)
    save_tables(result, split, folder)
    record.save(folder)
    result = result.assign_attrs(run_folder=str(folder.resolve()))
    return result if classes is None else with_content(result, classes)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Run with the number of threads that the run began with: another number could change the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
