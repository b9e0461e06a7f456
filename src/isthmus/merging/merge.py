"""`merge()`: the largest set of layers that averages within a tolerance, certified on other examples."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from isthmus.errors import InputError, IsthmusWarning
from isthmus.merging.asked import Asked, asked_of
from isthmus.merging.files import save_merged
from isthmus.merging.merged import Merge
from isthmus.merging.mergekit import save_recipe
from isthmus.merging.parts import CERTIFY, SELECT, kept_rounds, merge_facts, pair_of
from isthmus.merging.record import companion, save_record
from isthmus.merging.search.apart import other_examples
from isthmus.merging.search.certificate import Certificate, Tested
from isthmus.merging.search.found import Found
from isthmus.merging.search.several import found_of_several
from isthmus.merging.search.soup import laid_out_like, layers_of
from isthmus.merging.search.step import host_weights, measured_anew
from isthmus.merging.search.two import found_of_two
from isthmus.merging.search.worth import By, num_parameters, worth_of_layers
from isthmus.questions.study.settings import EVERY_STUDY, study_request
from isthmus.runs.jobs.in_memory import in_memory, with_data_in_memory
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.networks import read_apart
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, subject_of
from isthmus.weights.made_when_read import MadeWhenRead, layout_of
from isthmus.weights.state import Kind, StateDict, content_hash

MERGE = (*(name for name in EVERY_STUDY if name != "resume"), "batch_norm", "engine", "error", "progress", "ray")


@with_settings_shown(*MERGE)
def merge(
    model: Model,
    a: Weights,
    b: Weights | Sequence[Weights],
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

    With several donors it is a soup: they join one after another, the one that does best by itself first, each with the
    layers that still fit; every layer is the plain mean of the networks in it.

    The cost is the rise of the mean loss over a's own. The set is searched for on one set of examples
    (`isthmus.merging.search.selection.select`) and certified on another
    (`isthmus.merging.search.certificate.certificate`): nested sets are tested together, and the largest that passes is
    merged. The probability that what is certified costs more than the tolerance is at most 2.5 %.

    Args:
        model: As `isthmus.measure`.
        a: The host.
        b: The donor, or a list of several.
        data: Examples to choose the layers on; one split of anything that `isthmus.measure` takes.
        certify_on: Other examples, to certify the choice on.
        tolerance: What averaging may cost the host: nats for cross-entropy; a fraction for errors.
        metric: "loss" or "error".
        by: What makes a set large: "parameters", "count", or the worth of each layer as a mapping or JSON file.
        alpha: Where the layers are taken between a (0) and b (1); with several donors every layer is the mean.
        alphas: Places between them, of which each layer is taken at the one where it costs least alone, on the examples
            of `data`; with one donor only.
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
    donors: list[Weights] = list(b) if isinstance(b, list | tuple) else [cast("Weights", b)]
    if not donors:
        raise InputError("a donor, or several", "an empty list", "b=", "give at least one")
    asked = asked_of(
        (a, *donors), tolerance=tolerance, metric=metric, by=by, alpha=alpha, alphas=alphas, num_random=num_random,
        out=out, mergekit=mergekit, measures_anew=others.get("batch_norm") == "recalibrate",
    )  # fmt: skip
    splits = {SELECT: data, CERTIFY: certify_on}
    known = (*MERGE, "hosts", "sweep", "recalibration_data")
    others |= {"out": out, "recalibration_data": recalibration_data}
    request = study_request(model, a, donors[0], splits, known, hosts=("a",), sweep="full", **others)
    return merge_of(request, donors, asked)


def merge_of(request: Request, donors: Sequence[Weights], asked: Asked) -> Merge:
    """The merge of a request.

    Args:
        request: What is measured, with the first donor as b.
        donors: As they were given.
        asked: The tolerance and the rest.

    Returns:
        As `merge`.
    """
    is_soup = len(donors) > 1
    read = read_apart([request.a, *donors]) if is_soup else []
    if is_soup:
        sent = with_data_in_memory(request).model_copy(update={"a": read[0], "b": read[1]})
    else:
        sent = request if request.ray is None else in_memory(request)
    subject = subject_of(sent)
    worth = worth_of_layers(asked.by, subject.segment)
    contents = [content_hash(checkpoint.weights) for checkpoint in read]
    with kept_rounds(asked.out, subject, request, asked.way, worth, contents) as rounds_of:
        rounds = {split: rounds_of(split) for split in (SELECT, CERTIFY)}
        certifying, left_out = other_examples(subject.splits[CERTIFY], subject.splits[SELECT])
        if is_soup:
            found = found_of_several(sent, subject, read[1:], certifying, asked, worth, rounds)
        else:
            found = found_of_two(sent, subject, certifying, asked, worth, rounds)
        facts = merge_facts(subject, request, certifying, asked, found)
        said = [(subject.a, "a"), *((donor, donor.name if is_soup else "b") for donor in found.donors)]
        notes = [f"{name}: {note}" for weights, name in said for note in weights.notes]
        notes += [*subject.warnings, *found.notes, *left_out, *_cautions(found.certificate)]
        by_name = dict(zip([one.name for one in read[1:]] or [subject.b.name], donors, strict=True))
        given = [request.a, *(by_name[donor.name] for donor in found.donors)]
        return _made(request, given, subject, asked, found, facts, notes)


def _made(
    request: Request, given: Sequence[Weights], subject: Subject, asked: Asked, found: Found, facts: dict[str, Any],
    notes: Sequence[str],
) -> Merge:  # fmt: skip
    """The network in memory and, where it is asked for, on disk with its record and its recipe."""
    segment, pair, policy = subject.segment, pair_of(subject), request.settings.batch_norm
    merged, certified, keeps = layers_of(found.merged), found.certificate.certified, policy == "host"
    wide, header, form = found.network(pair, keeps_statistics=keeps), found.origin(pair, policy), layout_of(pair.a)
    averaged: StateDict = MadeWhenRead(form, lambda key: wide[key].to(form[key].dtype))
    if merged and subject.recalibration is not None:
        # The very statistics that it was certified with.
        anew = measured_anew(subject, request.settings)(laid_out_like(wide, host_weights(subject)))
        keys = [key for key, kind in pair.kinds.items() if kind is Kind.STATISTICS]
        averaged = {**averaged, **{key: anew[key].to(form[key].device, form[key].dtype) for key in keys}}
        header |= {"recalibrated_on": subject.recalibration.name}
    if asked.out is not None and certified is not None:
        header |= {"certificate": _header(certified, facts)}
        averaged = save_merged(averaged, header, asked.out, request.a, pair.filled)
    result = Merge(
        weights=dict(averaged),
        selections=found.selections,
        certificate=found.certificate,
        soups=found.soups,
        soup=found.merged,
        donors=tuple(donor.name for donor in found.donors),
        contenders=found.contenders,
        worth=dict(found.worth),
        num_parameters=(num_parameters(segment, *merged), num_parameters(segment, *segment.layers)),
        facts=facts,
        notes=tuple(notes),
    )
    if asked.out is not None and merged:
        save_record(result, companion(asked.out, ".json"))
    if asked.mergekit is not None and merged:
        shares = found.shares(tuple(segment.layers))
        save_recipe(asked.mergekit, shares, segment.layers, segment.kinds, given, keeps_statistics=keeps)
    return result


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
