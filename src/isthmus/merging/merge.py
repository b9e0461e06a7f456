"""`merge()`: the largest set of layers that averages within a tolerance, certified on other examples."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from isthmus.errors import InputError, IsthmusWarning, UnknownNameError
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.measures.barrier import Quantity
from isthmus.merging.blended import Pair, blended
from isthmus.merging.files import refuse_existing, refuse_folder_of_no_folder, refuse_taken, save_merged
from isthmus.merging.mergekit import refuse_no_recipe, save_recipe
from isthmus.merging.parts import CERTIFY, SELECT, Rounds, kept_rounds, merge_facts
from isthmus.merging.record import COMPANIONS, companion, save_record
from isthmus.merging.search.apart import other_examples
from isthmus.merging.search.certificate import Certificate, Tested, certificate
from isthmus.merging.search.comparison import Contender, contenders, other_sets
from isthmus.merging.search.selection import Selection, select
from isthmus.merging.search.trials import REACH, Trials
from isthmus.merging.search.worth import KINDS, By, num_parameters, worth_of_layers
from isthmus.questions.study.settings import EVERY_STUDY, study_request, valid_count
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.weights.state import StateDict, tied_keys

MERGE = (*(name for name in EVERY_STUDY if name != "resume"), "batch_norm", "engine", "error", "progress")


@dataclass(frozen=True)
class Merge:
    """A merged network and all that was found on the way.

    Attributes:
        weights: The merged network; the host where nothing was certified.
        selection: The search; all its numbers come from the examples of `data`.
        certificate: The tests; all numbers come from those of `certify_on`.
        contenders: What else could have been done, on the examples of the certificate.
        worth: Of every layer.
        num_parameters: In the merged layers, and in all.
        facts: Names, hashes, settings and versions, as plain values.
        notes: What was done on reading, and what may be other than it seems.
    """

    weights: dict[str, Tensor]
    selection: Selection
    certificate: Certificate
    contenders: tuple[Contender, ...]
    worth: dict[str, float]
    num_parameters: tuple[int, int]
    facts: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are averaged, in layer order; none where nothing was certified."""
        certified = self.certificate.certified
        return () if certified is None else tuple(label for label in self.worth if label in certified.layers)


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
    num_random: int = 3,
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
        num_random: Random sets of about the same worth to compare with.
        out: A `.safetensors` file to make, or a folder where a is one of Hugging Face; beside it (in the folder)
            `merge.json`. Nothing is written where nothing was certified.
        mergekit: A file to make: the same merge as a recipe for mergekit.
        others: Settings as of `isthmus.measure`:

    Returns:
        The merged network, its certificate, and what else could have been done.

    Raises:
        InputError: Something is wrong with the input, or the two sets of examples share some.
    """
    request = merge_request(model, a, b, data, certify_on, tolerance=tolerance, metric=metric, out=out, **others)
    valid_count("num_random", num_random, least=0)
    if mergekit is not None:
        refuse_taken(Path(mergekit))
        refuse_no_recipe(a, b)
    return merge_of(request, tolerance, cast("Quantity", metric), by, alpha, num_random, out, mergekit)


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
    return study_request(model, a, b, splits, (*MERGE, "hosts", "sweep"), hosts=("a",), sweep="full", **others)


def merge_of(
    request: Request,
    tolerance: float,
    metric: Quantity,
    by: By,
    alpha: float,
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
        alpha: As `merge`.
        num_random: As `merge`.
        out: As `merge`.
        mergekit: As `merge`.

    Returns:
        As `merge`.
    """
    subject, kept = subject_of(request), None if out is None else Path(out)
    worth = worth_of_layers(by, subject.segment)
    with kept_rounds(kept, subject, request, tolerance, metric, worth, alpha, num_random) as rounds:
        return _merged(request, subject, rounds, worth, tolerance, metric, by, alpha, num_random, kept, mergekit)


def _merged(
    request: Request,
    subject: Subject,
    rounds: Callable[[str], Rounds],
    worth: dict[str, float],
    tolerance: float,
    metric: Quantity,
    by: By,
    alpha: float,
    num_random: int,
    out: Path | None,
    mergekit: str | Path | None,
) -> Merge:
    certifying, left_out = other_examples(subject.splits[CERTIFY], subject.splits[SELECT])
    segment, settings = subject.segment, request.settings
    size = BatchSize(examples_at_once(subject, settings))
    with float32_products(settings.dtype, subject.network.device):
        chosen = chosen_engine(subject, settings, size)
        selecting = Trials(segment, chosen.engine, subject.splits[SELECT], alpha, request.progress, rounds(SELECT))
        judging = Trials(segment, chosen.engine, certifying, alpha, request.progress, rounds(CERTIFY))
        _refuse_no_errors(selecting, metric)
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
        compared = contenders(judging, merged, around, worth)
    facts = merge_facts(subject, request, certifying) | {
        "alpha": alpha,
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
    alphas = {label: alpha for label in segment.layers if label in merged}
    keeps = settings.batch_norm == "host"
    averaged: StateDict = blended(pair, alphas, keeps_statistics=keeps)
    notes = [f"{name}: {note}" for name, weights in (("a", subject.a), ("b", subject.b)) for note in weights.notes]
    notes += [*subject.warnings, *left_out, *_cautions(found)]
    parameters = num_parameters(segment, *merged), num_parameters(segment, *segment.layers)
    if out is not None and found.certified is not None and merged:
        header = pair.facts(alphas, settings.batch_norm) | {"certificate": _header(found.certified, facts)}
        averaged = save_merged(averaged, header, out, request.a, pair.filled)
    result = Merge(dict(averaged), selection, found, tuple(compared), worth, parameters, facts, tuple(notes))
    if out is not None and merged:
        save_record(result, companion(out, ".json"))
    if mergekit is not None and merged:
        save_recipe(Path(mergekit), alphas, segment.layers, segment.kinds, request.a, request.b, keeps_statistics=keeps)
    return result


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
