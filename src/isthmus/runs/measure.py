"""`measure()`: which layers of two networks can be averaged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch  # noqa: F401, the example's
import xarray as xr

from isthmus.evaluation.losses.loss import Loss
from isthmus.layers.partition import LayerPartition
from isthmus.runs.collection import collection_result
from isthmus.runs.pair import pair_result
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.networks import Networks, is_one_network
from isthmus.runs.request.request import Request, request_of
from isthmus.runs.request.settings import Alphas
from isthmus.runs.request.signature import with_settings_shown
from isthmus.sweeps.group import Sweep


@with_settings_shown()
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
    dtype: str = "float32",
    device: str = "auto",
    engine: str = "shared",
    batch_size: int | None = None,
    seed: int = 0,
    precision: float | None = None,
    progress: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
    **others: Any,
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
        dtype: "float32", "float64", "bfloat16", or "tf32": float32 with products in TF32, on an accelerator. Blends are
            computed in float32, or in float64. Reduced precision is compared with float32 in `self_checks`.
        device: "auto", "cpu", "cuda:1", ...
        engine: "shared" computes what points have in common once; "direct" is its specification.
        batch_size: Examples at once; by default 64 on a processor, else 512. Halved where memory runs out.
        seed: Of everything random.
        precision: Draw only as many examples as a 95 % interval of at most this half-width (nats) needs for every loss
            barrier and its rise, for the mean over the named data. It holds for each for itself, as far as what was not
            drawn resembles what was: assumptions and measured coverage in `isthmus.measures.intervals.sequential`. Some
            2,000 examples are drawn at least, and a small data set whole; `num_examples` says what each cut took.
        progress: Whether to show on standard error how far it is.
        out: A run folder, to be made.
        resume: Go on with the run in `out`, if it is there and of these very inputs; refused where that can't be told,
            as of a loss that holds an open file (the attribute `unidentified` names such parts).
        others: Further settings by name, which are also options of `isthmus measure`:

    Returns:
        Dimensions host, moving, alpha (and split, if several): `loss`, `error_rate`, `loss_excess`, `error_excess`;
        over (host, moving) `loss_barrier`, its `_low` and `_high`, `alpha_at_loss_barrier`, the same of the error,
        `num_examples`; `loss_rise`, what averaging costs the host, and its relatives (`isthmus.results.rises`),
        whatever the baseline; scalars `loss_a`, ... The attributes are the manifest. Beside random directions
        `random_loss_rise` and `averaging_loss_rise` over (host, moving, fraction), with intervals, the spread over
        draws and the ratio of the two (`isthmus.measures.robustness`). Of several networks and of trajectories all of
        these have leading dimensions pair (labels "x-y") and step ("20ep"); see `isthmus.runs.collection`.

    Raises:
        InputError: Something is wrong with the input: expected, got, where, what to do.

    Example:
        >>> net = torch.nn.Linear(2, 2)
        >>> a, b = ({"weight": s * torch.eye(2), "bias": torch.zeros(2)} for s in (1.0, 3.0))
        >>> result = measure(net, a, b, (torch.eye(2), torch.tensor([0, 1])))
        >>> round(float(result.loss_a), 4)  # log(1 + exp(-1))
        0.3133
    """
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
        dtype=dtype,
        device=device,
        engine=engine,
        batch_size=batch_size,
        seed=seed,
        precision=precision,
        progress=progress,
        out=out,
        resume=resume,
        **others,
    )
    return result_of(request)


def result_of(request: Request) -> xr.Dataset:
    """The result of a request: of two networks, or of each member of a collection.

    Args:
        request: What is asked.

    Returns:
        As `measure`.
    """
    if request.steps is None and is_one_network(request.a) and is_one_network(request.b):
        return pair_result(request)
    return collection_result(request)
