"""`merge()`: the largest set of layers that averages within a tolerance, certified on other examples."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from isthmus.errors import InputError, IsthmusWarning, UnknownNameError
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.evaluation.unit import Engine
from isthmus.measures.barrier import Quantity
from isthmus.merging.blended import Pair, blended
from isthmus.merging.files import refuse_existing, refuse_folder_of_no_folder, refuse_taken, save_merged
from isthmus.merging.merged import Merge
from isthmus.merging.mergekit import refuse_no_recipe, save_recipe
from isthmus.merging.parts import CERTIFY, SELECT, Rounds, kept_rounds, merge_facts
from isthmus.merging.record import COMPANIONS, companion, save_record
from isthmus.merging.search.alphas import cheapest_alphas, places_of
from isthmus.merging.search.apart import other_examples
from isthmus.merging.search.certificate import Certificate, Tested, certificate
from isthmus.merging.search.comparison import contenders, other_sets
from isthmus.merging.search.selection import select
from isthmus.merging.search.trials import REACH, Trials
from isthmus.merging.search.worth import KINDS, By, num_parameters, worth_of_layers
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.questions.study.settings import EVERY_STUDY, study_request, valid_count
from isthmus.runs.jobs.in_memory import in_memory
from isthmus.runs.jobs.units import spread
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.weights.state import Kind, StateDict, tied_keys

MERGE = (*(name for name in EVERY_STUDY if name != "resume"), "batch_norm", "engine", "error", "progress", "ray")


@with_settings_shown(*MERGE)
def merge(
    model: Model,
    a: Weights,
    b: Weights,
    data: object,
    certify_on: object,
    *,
    tolerance: float = 0.02,
    metric: str = "loss",
    by: By = "parameters",
    alpha: float = 0.5,
    alphas: str | Sequence[float] | None = None,
    num_random: int = 3,
    recalibration_data: object = None,
    out: str | Path | None = None,
    mergekit: str | Path | None = None,
    **others: Any,
) -> Merge:
    """Network a with the largest set of layers averaged whose joint average costs surely less than a tolerance.

    The cost is the rise of the mean loss over a's own. The set is searched for on one set of examples
    (`isthmus.merging.search.selection.select`) and certified on another
    (`isthmus.merging.search.certificate.certificate`): nested sets are tested together, and the largest that passes is
    merged. The probability that what is certified costs more than the tolerance is at most 2.5 %.

    Args:
        model: As `isthmus.measure`.
        a: The host.
        b: The donor.
        data: Examples to choose the layers on; one split of anything that `isthmus.measure` takes.
        certify_on: Other examples, to certify the choice on.
        tolerance: What averaging may cost the host: nats for cross-entropy; a fraction for errors.
        metric: "loss" or "error".
        by: What makes a set large: "parameters", "count", or the worth of each layer as a mapping or JSON file.
        alpha: Where the layers are taken between a (0) and b (1).
        alphas: Places between them, of which each layer is taken at the one where it costs least alone, on the examples
            of `data`.
        num_random: Random sets of about the same worth to compare with.
        recalibration_data: For BatchNorm policy "recalibrate": a training split, none of it among the other examples.
            Networks with averaged layers then have statistics measured anew; a and b keep theirs.
        out: A `.safetensors` file to make, or a folder where a is one of Hugging Face; beside it (in the folder)
            `merge.json`. Nothing is written where nothing was certified.
        mergekit: A file to make: the same merge as a recipe for mergekit.
        others: Settings as of `isthmus.measure`:

    Returns:
        The merged network, its certificate, and what else could have been done.

    Raises:
        InputError: Something is wrong with the input, or the two sets of examples share some.
    """
    others |= {"out": out, "recalibration_data": recalibration_data}
    request = merge_request(model, a, b, data, certify_on, tolerance=tolerance, metric=metric, **others)
    valid_count("num_random", num_random, least=0)
    grid = None if alphas is None else places_of(alphas)
    if mergekit is not None:
        if request.settings.batch_norm == "recalibrate":
            raise InputError(
                "a merge of stored numbers, for a recipe", "statistics measured anew", "--mergekit", "use the file"
            )
        refuse_taken(Path(mergekit))
        refuse_no_recipe(a, b)
    return merge_of(request, tolerance, cast("Quantity", metric), by, (alpha, grid), num_random, out, mergekit)


def merge_request(
    model: object,
    a: object,
    b: object,
    data: object,
    certify_on: object,
    *,
    tolerance: float,
    metric: str,
    out: str | Path | None,
    **others: Any,
) -> Request:
    """What is asked of a merge, checked before anything is loaded.

    Args:
        model: As `merge`.
        a: As `merge`.
        b: As `merge`.
        data: As `merge`.
        certify_on: As `merge`.
        tolerance: As `merge`.
        metric: As `merge`.
        out: As `merge`.
        others: Settings by name.

    Returns:
        The request.

    Raises:
        InputError: A value is not allowed, or a file is there that would be made.
        UnknownNameError: There is no such metric.
    """
    if metric not in REACH:
        raise UnknownNameError("a metric", metric, REACH, "--metric (metric= in Python)")
    if not 0 < tolerance < float("inf"):
        raise InputError("a number above 0", f"{tolerance}", "--tolerance", "write 0.02, in nats for cross-entropy")
    if out is not None:
        refuse_existing(Path(out))
        refuse_folder_of_no_folder(Path(out), a)
        for ending in COMPANIONS:
            refuse_taken(companion(Path(out), ending))
    splits = {SELECT: data, CERTIFY: certify_on}
    known = (*MERGE, "hosts", "sweep", "recalibration_data")
    return study_request(model, a, b, splits, known, hosts=("a",), sweep="full", **others)


def merge_of(
    request: Request,
    tolerance: float,
    metric: Quantity,
    by: By,
    places: tuple[float, Sequence[float] | None],
    num_random: int,
    out: str | Path | None,
    mergekit: str | Path | None,
) -> Merge:
    """The merge of a request.

    Args:
        request: From `merge_request`.
        tolerance: As `merge`.
        metric: As `merge`.
        by: As `merge`.
        places: Alpha and alphas, as `merge`.
        num_random: As `merge`.
        out: As `merge`.
        mergekit: As `merge`.

    Returns:
        As `merge`.
    """
    sent = request if request.ray is None else in_memory(request)
    subject, kept = subject_of(sent), None if out is None else Path(out)
    worth = worth_of_layers(by, subject.segment)
    with kept_rounds(kept, subject, request, tolerance, metric, worth, places, num_random) as rounds:
        return _merged(request, sent, subject, rounds, worth, tolerance, metric, by, places, num_random, kept, mergekit)


def _merged(
    request: Request,
    sent: Request,
    subject: Subject,
    rounds: Callable[[str], Rounds],
    worth: dict[str, float],
    tolerance: float,
    metric: Quantity,
    by: By,
    places: tuple[float, Sequence[float] | None],
    num_random: int,
    out: Path | None,
    mergekit: str | Path | None,
) -> Merge:
    certifying, left_out = other_examples(subject.splits[CERTIFY], subject.splits[SELECT])
    segment, settings = subject.segment, request.settings
    size, (alpha, grid) = BatchSize(examples_at_once(subject, settings)), places
    own = DirectEngine(subject.network, segment, size) if subject.recalibration is not None else None
    with ExitStack() as stack:
        stack.enter_context(float32_products(settings.dtype, subject.network.device))
        chosen = chosen_engine(subject, settings, size)
        evaluating = stack.enter_context(spread(chosen, sent, subject, size, torch.get_num_threads()))
        selecting, judging = (
            Trials(segment, evaluating.engine, on, dict.fromkeys(segment.layers, alpha), request.progress, store, own)
            for on, store in ((subject.splits[SELECT], rounds(SELECT)), (certifying, rounds(CERTIFY)))
        )
        _refuse_no_errors(selecting, metric)
        if grid is not None:
            alphas = cheapest_alphas(selecting, grid, metric)
            selecting, judging = (replace(trials, alphas=alphas) for trials in (selecting, judging))
        selection = select(worth, tolerance, lambda sets: selecting.rises(sets, metric))
        rows = judging.differences([judging.point(layers) for layers in selection.chain], metric)
        found = certificate(selection.chain, rows, tolerance, REACH[metric])
        merged = found.certified.layers if found.certified else frozenset[str]()
        around = other_sets(
            selection,
            worth,
            tolerance,
            lambda sets: selecting.rises(sets, metric),
            sum(worth[label] for label in merged),
            range(num_random),
        )
        compared = contenders(judging, merged, around, worth, alpha)
    facts = merge_facts(subject, request, certifying) | {
        "alpha": alpha,
        **({} if grid is None else {"alphas": {label: selecting.alphas[label] for label in segment.layers}}),
        "tolerance": tolerance,
        "metric": metric,
        "by": by if isinstance(by, str) and by in KINDS else "given",
        "engine": chosen.note,
    }
    module = subject.model.module
    pair = Pair(
        subject.a.weights, subject.b.weights, (subject.a.name, subject.b.name), (subject.a.hash, subject.b.hash),
        segment.layers, segment.kinds, tied_keys(module), module, subject.a.filled,
    )  # fmt: skip
    taken = {label: selecting.alphas[label] for label in segment.layers if label in merged}
    keeps = settings.batch_norm == "host"
    averaged: StateDict = blended(pair, taken, keeps_statistics=keeps)
    header = pair.facts(taken, settings.batch_norm)
    if merged and subject.recalibration is not None:
        averaged = {**averaged, **_statistics_anew(chosen.engine, segment, judging.point(merged), averaged)}
        header |= {"recalibrated_on": subject.recalibration.name}
    notes = [f"{name}: {note}" for name, weights in (("a", subject.a), ("b", subject.b)) for note in weights.notes]
    notes += [*subject.warnings, *left_out, *_cautions(found)]
    parameters = num_parameters(segment, *merged), num_parameters(segment, *segment.layers)
    if out is not None and found.certified is not None and merged:
        header |= {"certificate": _header(found.certified, facts)}
        averaged = save_merged(averaged, header, out, request.a, pair.filled)
    result = Merge(dict(averaged), selection, found, tuple(compared), worth, parameters, facts, tuple(notes))
    if out is not None and merged:
        save_record(result, companion(out, ".json"))
    if mergekit is not None and merged:
        save_recipe(Path(mergekit), taken, segment.layers, segment.kinds, request.a, request.b, keeps_statistics=keeps)
    return result


def _statistics_anew(engine: Engine, segment: Segment, point: Point, like: StateDict) -> dict[str, Tensor]:
    """The very statistics that a network was certified with."""
    assert isinstance(engine, DirectEngine)
    anew = engine.prepared(segment.weights(point))
    keys = (key for key, kind in segment.kinds.items() if kind is Kind.STATISTICS)
    return {key: anew[key].to(like[key].device, like[key].dtype) for key in keys}


def _refuse_no_errors(trials: Trials, metric: Quantity) -> None:
    host = trials.point(())
    trials.values([host], "loss")
    if metric == "error" and trials.known[host].error is None:
        raise InputError("a loss with classes", "one without", "--metric error", "take the loss")


def _cautions(found: Certificate) -> list[str]:
    certified = found.certified
    if certified is None or certified.rise.trusted or certified.rise.is_exact:
        return []
    text = "few examples carry the cost of the merged network: its interval may be too short; certify on more"
    warnings.warn(text, IsthmusWarning, stacklevel=4)
    return [text]


def _header(certified: Tested, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the file itself says of its cost."""
    ends = {"rise": certified.rise.value, "low": certified.rise.low, "high": certified.rise.high}
    return {"metric": facts["metric"], "tolerance": facts["tolerance"], "on": facts["certify_on"], **ends}
