"""Everything that must be known before the first network is evaluated; here bad input is refused."""

import warnings
from dataclasses import dataclass, replace
from functools import partial

import torch

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples, load_splits
from isthmus.errors import InputError, IsthmusWarning
from isthmus.evaluation.batches import BatchSize, default_batch_size
from isthmus.evaluation.device import DTYPES, device_named
from isthmus.evaluation.engines import ChosenEngine, engine_of
from isthmus.evaluation.layout import lay_out
from isthmus.evaluation.losses.remarks import missing_inputs
from isthmus.evaluation.network import Network
from isthmus.evaluation.normalization import refuse_shared_examples
from isthmus.evaluation.probe import SelfCheck, end_checks, probe_of
from isthmus.evaluation.readout import Readout, readout_of
from isthmus.evaluation.reduced_arithmetic import reduction_checks
from isthmus.layers.order import first_use
from isthmus.layers.rules import layer_partition
from isthmus.measures.distance import LayerDistance, layer_distance
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.runs.cautions import (
    drawn_remarks,
    give_cautions,
    held_type_check,
    refuse_integer_parameters,
    spectral_checks,
)
from isthmus.runs.request.inputs import (
    NamedLoss,
    NamedModel,
    NamedWeights,
    fitted_weights,
    named_loss,
    named_model,
    own_tokenizer,
    read_pair,
)
from isthmus.runs.request.request import Request
from isthmus.runs.request.settings import Settings
from isthmus.sweeps.directions import with_directions
from isthmus.sweeps.grid import Grid, grid_of
from isthmus.trees import shape_of_example
from isthmus.weights.parametrisation import spectral_norms
from isthmus.weights.state import cast_weights, entry_kinds, tied_keys


@dataclass(frozen=True)
class Subject:
    """Two networks, the model and the data, checked and laid out.

    Attributes:
        model: The user's model.
        loss: The loss.
        a: Network a as it was given.
        b: Network b.
        splits: Split -> examples, on the device.
        recalibration: Data for BatchNorm policy `recalibrate`.
        network: A copy of the model that runs with any weights.
        segment: The networks between a and b, on the device.
        grid: The rows.
        points: The distinct networks behind them.
        distances: One a moving group.
        readout: The last linear layer, where theory says something of it.
        checks: What was checked and how it came out.
        warnings: What may be other than it seems.
    """

    model: NamedModel
    loss: NamedLoss
    a: NamedWeights
    b: NamedWeights
    splits: dict[str, Examples]
    recalibration: Examples | None
    network: Network
    segment: Segment
    grid: Grid
    points: tuple[Point, ...]
    distances: list[LayerDistance]
    readout: Readout
    checks: list[SelfCheck]
    warnings: list[str]


def subject_of(request: Request) -> Subject:
    """Load, check and lay out a measurement.

    Args:
        request: What was asked.

    Returns:
        What is to be measured. Nothing has been written yet, and no input has been changed.

    Raises:
        InputError: Anything is wrong with the input; the message says what.
    """
    settings, recalibration_data, data_root = request.settings, request.recalibration_data, request.data_root
    device, dtype = device_named(settings.device), DTYPES[settings.dtype]
    loss = named_loss(request.loss)
    read_a, read_b = read_pair(request.a, request.b)
    named = named_model(request.model, read_a[0])
    network_a, network_b = (fitted_weights(*read, named.module) for read in (read_a, read_b))
    refuse_integer_parameters(named.module, network_a, network_b)
    tokenizer = own_tokenizer(request.model)
    loaded = load_splits(request.data, data_root=data_root, tokenizer=tokenizer)
    splits = {name: split.to(device) for name, split in loaded.items()}
    recalibration = (
        None
        if recalibration_data is None
        else load_examples(recalibration_data, data_root=data_root, tokenizer=tokenizer).to(device)
    )
    _refuse_other_shapes(splits)

    network = Network.from_model(named.module, loss.function, device, dtype)
    blended = torch.float64 if dtype == torch.float64 else torch.float32
    weights_a, weights_b = (
        {k: t.to(device) for k, t in cast_weights(n.weights, blended).items()} for n in (network_a, network_b)
    )
    first = next(iter(splits.values()))
    probes = [probe_of(network, weights_a, split) for split in splits.values()]
    remarks = drawn_remarks(named) + [remark for probe in probes for remark in probe.remarks]
    if recalibration is not None:
        remarks += missing_inputs(recalibration, partial(network.outputs, weights_a), dtype)
        if not settings.allow_shared_examples:
            for split in splits.values():
                refuse_shared_examples(recalibration, split)
    network = replace(network, counts_errors=all(probe.counts_errors for probe in probes))
    checks = _of_all_splits(dict(zip(splits, (probe.checks for probe in probes), strict=True)))
    laid_out_a, laid_out_b, laid_out_checks = lay_out(network, weights_a, weights_b, first)
    inputs, _ = first.batch(0, 1, device, dtype)
    partition = layer_partition(request.layers, named.module, first_use(network.module, inputs))
    norms = spectral_norms(network.module)
    segment = Segment.between(
        laid_out_a,
        laid_out_b,
        partition,
        entry_kinds(named.module),
        keeps_statistics=settings.batch_norm == "host",
        hashes=(network_a.hash, network_b.hash),
        ties=tied_keys(named.module),
        spectral=norms,
    )
    needs_far_ends = settings.baseline == "cut" or 1.0 in settings.alphas
    grid, points = grid_of(segment, request.sweeps, settings.hosts, settings.alphas, far_ends=needs_far_ends)
    checks += laid_out_checks + end_checks(network, segment, laid_out_a, laid_out_b, first)
    checks += reduction_checks(settings.dtype, network, named.module, segment, first)
    stored = spectral_checks(norms, weights_a, weights_b)
    checks += stored + held_type_check(named.module, settings.dtype)
    distances = [layer_distance(weights_a, weights_b, segment.parameters(group.layers)) for group in grid.groups]
    if settings.directions:
        lengths = [found.distance for found in distances]
        grid, points = with_directions(grid, points, segment, lengths, settings.directions, settings.seed)
    return Subject(
        model=named,
        loss=loss,
        a=network_a,
        b=network_b,
        splits=splits,
        recalibration=recalibration,
        network=network,
        segment=segment,
        grid=grid,
        points=points,
        distances=distances,
        readout=readout_of(network.module, inputs, network.output),
        checks=checks,
        warnings=give_cautions(named.module, network_a, network_b, segment.kinds, settings, stored, remarks),
    )


def examples_at_once(subject: Subject, settings: Settings) -> int:
    """The batch size to begin with: the one asked for, else that of a rule on the device and the length of windows.

    Args:
        subject: What is measured.
        settings: What was asked.

    Returns:
        Examples at once.
    """
    first = next(iter(subject.splits.values()))
    return settings.batch_size or default_batch_size(subject.network.device, first.longest)


def chosen_engine(subject: Subject, settings: Settings, size: BatchSize) -> ChosenEngine:
    """The engine that a measurement runs on.

    Args:
        subject: What is measured.
        settings: What was asked.
        size: Examples at once.

    Returns:
        The engine and what to say of it; a warning is given where the network could not be cut into stages.
    """
    first = next(iter(subject.splits.values()))
    chosen = engine_of(
        settings.engine,
        subject.network,
        subject.segment,
        first,
        size,
        subject.recalibration,
        compiled=settings.compile,
    )
    if chosen.fell_back:
        warnings.warn(f"engine {settings.engine}: {chosen.note}", IsthmusWarning, stacklevel=3)
    return chosen


def _of_all_splits(found: dict[str, list[SelfCheck]]) -> list[SelfCheck]:
    """One entry a check: passed if it passed on every split, with what each of them said."""
    if len(found) == 1:
        return next(iter(found.values()))
    by_name: dict[str, dict[str, SelfCheck]] = {}
    for split, checks in found.items():
        for check in checks:
            by_name.setdefault(check.check, {})[split] = check
    return [
        SelfCheck(
            name,
            all(check.passed for check in of.values()),
            "; ".join(f"{split}: {check.detail}" for split, check in of.items()),
        )
        for name, of in by_name.items()
    ]


def _refuse_other_shapes(splits: dict[str, Examples]) -> None:
    (first, example), *others = splits.items()
    for name, split in others:
        if shape_of_example(split.inputs) != shape_of_example(example.inputs):
            raise InputError(
                f"examples of one shape in all splits: {shape_of_example(example.inputs)} as in {first}",
                f"{shape_of_example(split.inputs)} in {name}",
                "--data",
                "measure them one after the other, or give text windows of one length",
            )
