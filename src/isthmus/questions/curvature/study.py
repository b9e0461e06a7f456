"""`curvature()`: does the curvature at the host predict what a layer's midpoint costs?"""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from torch import Tensor

from isthmus.errors import IsthmusWarning, short_list
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.probe import SelfCheck
from isthmus.evaluation.unit import Engine
from isthmus.measures.barrier import barrier_of
from isthmus.paths.host import Host
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.questions.curvature.check import curvature_check
from isthmus.questions.curvature.derivatives import Derivatives, directional_derivatives
from isthmus.questions.curvature.rank_correlation import rank_correlation
from isthmus.questions.curvature.trace import TraceEstimate, hessian_traces
from isthmus.questions.curvature.undecided import undecided_cuts
from isthmus.questions.study.making import Part, Parts, make_study
from isthmus.questions.study.settings import CURVATURE, study_request, valid_count
from isthmus.questions.study.subject import only_split, study_attributes
from isthmus.results.dataset import unmark_where_nothing_moves
from isthmus.results.studies import CURVATURE as CURVATURE_VARIABLES
from isthmus.results.studies import EXCESS_CARRIERS, HOST, MEASURED_EXCESS, MEASURED_RISE
from isthmus.results.variables import CUT, Values, with_dimensions
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.weights.interpolation import tensor_difference
from isthmus.weights.state import Kind, same_bits, tied_keys

STUDY = "curvature"
Steps = dict[str, dict[str, Tensor]]


@with_settings_shown(*CURVATURE)
def curvature(
    model: Model,
    a: Weights,
    b: Weights,
    data: object,
    *,
    batch_norm: str = "host",
    num_probes: int = 8,
    out: str | Path | None = None,
    **others: Any,
) -> xr.Dataset:
    """Predict the cost of every layer's midpoint from slope and curvature at the host, and measure it beside.

    With d_i the donor's parameters of layer i minus the host's, g the gradient and H_ii the layer's block of the
    Hessian of the host's mean loss, the midpoint rises over the host by (1/2) g·d_i + (1/8) d_i^T H_ii d_i to second
    order, and over the cut's own chord by -(1/8) d_i^T H_ii d_i. Prediction and measurement use the same examples.
    A random direction of the same length rises by (1/8) |d_i|^2 tr(H_ii) / n_i in expectation at half step, n_i the
    number of parameters; the trace is estimated (`isthmus.questions.curvature.trace`). The row "all" moves the whole
    network; its excess over the mean of the cut's ends is predicted besides from the curvature at the midpoint.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`, but one split.
        batch_norm: "host" keeps the host's running statistics, so that prediction and measurement speak of the same
            move (the default here, unlike `isthmus.measure`); "interpolate" measures a move that also blends them,
            while the prediction moves parameters alone.
        num_probes: Random vectors for each trace; 0 leaves the traces out.
        out: A folder to save the study to.
        others: Settings as of `isthmus.measure`; the loss must be differentiable twice, and the seed draws the vectors:

    Returns:
        Over (host, moving): `slope`, `curvature`, `predicted_rise`, `predicted_cut_excess`, `measured_rise` with its
        95 % interval, `hessian_trace` and `random_rise` with standard errors; over host the full network's
        `predicted_full_excess` and `measured_full_excess`. Attributes: the manifest, `rank_correlation` (Spearman's, of
        predicted and measured rises, all layers and hosts), `num_compared`, and `undecided`, a JSON list of the layers
        whose measured interval includes zero.

    Example:
        >>> import torch
        >>> a, b = ({"weight": s * torch.eye(2)} for s in (1.0, 3.0))
        >>> study = curvature(torch.nn.Linear(2, 2, bias=False), a, b, (torch.eye(2), torch.tensor([0, 1])))
        >>> cut = study.sel(host="a", moving="weight")  # log(1 + exp(-1 - t)) from t = 0
        >>> [round(float(cut[name]), 3) for name in ("slope", "predicted_rise", "measured_rise")]
        [-0.538, -0.171, -0.186]
    """
    request = study_request(model, a, b, data, CURVATURE, batch_norm=batch_norm, out=out, **others)
    return curvature_study(request, num_probes)


def curvature_study(request: Request, num_probes: int) -> xr.Dataset:
    """The study of a request.

    Args:
        request: What is asked, of two networks.
        num_probes: As `curvature`.

    Returns:
        As `curvature`.
    """
    valid_count("num_probes", num_probes, least=0)
    settings = request.settings
    subject = subject_of(request)
    attributes = study_attributes(STUDY, request, subject, num_probes=num_probes)

    def make(parts: Parts) -> xr.Dataset:
        noted = [*subject.warnings, *_moved_buffers(subject.segment)]
        size = BatchSize(parts.batch_size)
        with float32_products(settings.dtype, subject.network.device):
            checks = [*subject.checks, _derivatives_checked(subject, settings.hosts[0])]
            chosen = chosen_engine(subject, settings, size)
            rises = _measured(subject, chosen.engine, settings.hosts, parts)
            predicted = [_predicted(subject, host, size, num_probes, settings.seed, parts) for host in settings.hosts]
        study = xr.merge([rises, xr.concat(predicted, dim="host")], join="exact", combine_attrs="drop")
        found = {
            "engine_note": chosen.note,
            "batch_size": size.size,
            "warnings": json.dumps(noted),
            "self_checks": json.dumps([asdict(check) for check in checks]),
            "num_probes": num_probes,
            **_comparison(study),
        }
        return unmark_where_nothing_moves(study, study["distance"]).assign_attrs({**attributes, **found})

    return make_study(request, attributes, examples_at_once(subject, settings), make)


def _steps(subject: Subject, host: Host) -> tuple[dict[str, Tensor], Steps]:
    """The host's weights, and for each layer what its parameters have to move by to be the donor's; ties once."""
    segment, repeated = subject.segment, {k for keys in tied_keys(subject.network.module) for k in keys[1:]}
    donor: Host = "b" if host == "a" else "a"
    own, other = (segment.weights(segment.point(name, (), 0.0)) for name in (host, donor))
    return own, {
        label: {
            key: tensor_difference(other[key], own[key])
            for key in segment.layers[label]
            if segment.kinds[key] is Kind.PARAMETER and key not in repeated
        }
        for label in segment.layers
    }


def _derivatives_checked(subject: Subject, host: Host) -> SelfCheck:
    own, steps = _steps(subject, host)
    whole = {key: step for layer in steps.values() for key, step in layer.items()}
    return curvature_check(subject.network, subject.model.module, own, whole, only_split(subject))


def _predicted(subject: Subject, host: Host, size: BatchSize, num_probes: int, seed: int, parts: Parts) -> xr.Dataset:
    network, segment, examples = subject.network, subject.segment, only_split(subject)
    own, steps = _steps(subject, host)
    whole = {key: step for layer in steps.values() for key, step in layer.items()}
    moves = {FULL_NETWORK: whole, **steps}

    def derivatives() -> Part:
        return _columns(directional_derivatives(network, own, list(moves.values()), examples, size))

    def derivatives_half_way() -> Part:
        half_way = segment.weights(segment.point(host, tuple(segment.layers), 0.5))
        return _columns(directional_derivatives(network, half_way, [whole], examples, size))

    def estimated_traces() -> Part:
        keys = {label: tuple(layer) for label, layer in steps.items()}
        return _columns(list(hessian_traces(network, own, keys, examples, size, num_probes, seed).values()))

    found = [Derivatives(*row) for row in _rows(parts.part(f"derivatives-{host}", derivatives))]
    (at_midpoint,) = (Derivatives(*row) for row in _rows(parts.part(f"half-way-{host}", derivatives_half_way)))
    estimates = _rows(parts.part(f"traces-{host}", estimated_traces))
    traces = {label: TraceEstimate(*row) for label, row in zip(steps, estimates, strict=True)}
    # Layers have probes of their own, so their errors are independent and add up in squares.
    of_all = TraceEstimate(
        sum(trace.value for trace in traces.values()), float(np.hypot.reduce([t.error for t in traces.values()]))
    )
    return _variables(moves, found, {FULL_NETWORK: of_all, **traces}, at_midpoint).assign_coords(host=host)


def _columns(rows: "Sequence[Derivatives | TraceEstimate]") -> Part:
    return {name: np.array([getattr(row, name) for row in rows]) for name in asdict(rows[0])}


def _rows(part: Part) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in part.values()), strict=True))


def _variables(
    moves: Steps, found: Sequence[Derivatives], traces: Mapping[str, TraceEstimate], at_midpoint: Derivatives
) -> xr.Dataset:
    numbers = np.array([sum(step.numel() for step in move.values()) for move in moves.values()])
    squares = np.array([sum(float(step.double().square().sum()) for step in move.values()) for move in moves.values()])
    # A group without parameters goes no way at all, and must not divide by zero.
    per_trace = squares / 8 / np.maximum(numbers, 1)
    values, errors = (np.array([getattr(traces[m], name) for m in moves]) for name in ("value", "error"))
    columns = {
        "slope": [d.slope for d in found],
        "curvature": [d.curvature for d in found],
        "predicted_rise": [d.midpoint_rise for d in found],
        "predicted_cut_excess": [d.midpoint_cut_excess for d in found],
        "hessian_trace": values,
        "hessian_trace_error": errors,
        "random_rise": per_trace * values,
        "random_rise_error": per_trace * errors,
        "distance": np.sqrt(squares),
        "num_parameters": numbers,
    }
    of_host: Values = {name: np.asarray(column) for name, column in columns.items()}
    of_host["predicted_full_excess"] = at_midpoint.midpoint_cut_excess
    return xr.Dataset(with_dimensions(of_host, CURVATURE_VARIABLES, apart=HOST), coords={"moving": list(moves)})


def _measured(subject: Subject, engine: Engine, hosts: Sequence[Host], parts: Parts) -> xr.Dataset:
    """Rises over the host at the midpoint, with intervals, on every example."""
    segment, examples = subject.segment, only_split(subject)
    everything = tuple(segment.layers)
    groups = {FULL_NETWORK: everything, **{label: (label,) for label in everything}}
    number: dict[Point, int] = {}

    def place(host: Host, moving: Sequence[str], alpha: float) -> int:
        return number.setdefault(segment.point(host, moving, alpha), len(number))

    ends = {host: (place(host, (), 0.0), place(host, everything, 1.0)) for host in hosts}
    middles = {(host, label): place(host, moving, 0.5) for host in hosts for label, moving in groups.items()}
    points = tuple(number)
    store = parts.store(examples.name)
    for block in engine.blocks(points, examples, store.done()):
        parts.confirm()
        store.add(block)
    table = store.table(len(points), len(examples))
    values = table.loss.astype(np.float64)

    def interval(differences: Any) -> tuple[float, float, float, float]:
        # Of a single row the barrier is its mean, with the interval of a mean.
        rise = barrier_of(differences[None], (0.5,))
        return rise.estimate.value, rise.estimate.low, rise.estimate.high, rise.effective_examples

    rises = [[interval(values[middles[host, label]] - values[ends[host][0]]) for label in groups] for host in hosts]
    full = [interval(values[middles[h, FULL_NETWORK]] - (values[ends[h][0]] + values[ends[h][1]]) / 2) for h in hosts]
    found: Values = {"loss_host": [values[ends[host][0]].mean() for host in hosts]}
    names = ((n.name, n.low, n.high) for n in (MEASURED_RISE, MEASURED_EXCESS))
    for i, (of_rise, of_excess) in enumerate(zip(*names, strict=True)):
        found[of_rise] = np.array([[row[i] for row in of_host] for of_host in rises])
        found[of_excess] = np.array([row[i] for row in full])
    found[MEASURED_RISE.effective_examples] = np.array([[row[3] for row in of_host] for of_host in rises])
    carriers = {EXCESS_CARRIERS.name: (HOST, np.array([row[3] for row in full]))}
    coordinates = {"host": list(hosts), "moving": list(groups)}
    return xr.Dataset(with_dimensions(found, CURVATURE_VARIABLES) | carriers, coordinates)


def _comparison(study: xr.Dataset) -> dict[str, Any]:
    single = study.isel(
        moving=(study["moving"] != FULL_NETWORK).values & (study["num_parameters"] > 0).all("host").values
    )
    predicted, measured = (single[name].transpose(*CUT).values.ravel() for name in ("predicted_rise", "measured_rise"))
    return {
        "rank_correlation": rank_correlation(predicted, measured),
        "num_compared": len(predicted),
        "undecided": json.dumps([f"{layer} into {host}" for layer, host in undecided_cuts(study)]),
    }


def _moved_buffers(segment: Segment) -> list[str]:
    kinds = {Kind.FLOAT_BUFFER} if segment.keeps_statistics else {Kind.FLOAT_BUFFER, Kind.STATISTICS}
    moved = [
        k for k, kind in segment.kinds.items() if kind in kinds and not same_bits(segment.first[k], segment.second[k])
    ]
    if not moved:
        return []
    remedy = "" if segment.keeps_statistics else "; batch_norm='host' leaves running statistics in place"
    text = f"the measured midpoint also moves buffers, which the prediction does not: {short_list(moved)}{remedy}"
    warnings.warn(text, IsthmusWarning, stacklevel=3)
    return [text]
