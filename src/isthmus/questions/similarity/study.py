"""`similarity()`: how alike two networks and their blends are, in features, predictions and weights."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Bool, Float

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.engines import stages_note
from isthmus.evaluation.losses.shapes import has_classes
from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.evaluation.stages.staging import staged_network
from isthmus.measures.estimates import Estimates
from isthmus.measures.intervals.interval import critical_value, mean_band
from isthmus.questions.similarity.agreement import agreement
from isthmus.questions.similarity.features import FeatureConnectivity, feature_names
from isthmus.questions.similarity.geometry import initial_weights, weight_geometry
from isthmus.questions.similarity.lockstep import Lockstep
from isthmus.questions.study.making import Part, Parts, make_study
from isthmus.questions.study.settings import EVERY_STUDY, SIMILARITY, study_request
from isthmus.questions.study.subject import only_split, study_attributes
from isthmus.results.studies import AGREEMENT, BLEND, NETWORKS
from isthmus.results.studies import SIMILARITY as SIMILARITY_VARIABLES
from isthmus.results.variables import Number, Values, with_dimensions
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.request import Request
from isthmus.runs.request.settings import Alphas
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, examples_at_once, subject_of
from isthmus.sweeps.group import FULL_NETWORK

STUDY = "similarity"
COMPARED = ("a-b", "blend-a", "blend-b")


@with_settings_shown(*EVERY_STUDY)
def similarity(
    model: Model,
    a: Weights,
    b: Weights,
    data: object,
    *,
    alphas: Alphas = (0.5,),
    initial_a: Weights | None = None,
    initial_b: Weights | None = None,
    batch_norm: str = "interpolate",
    out: str | Path | None = None,
    **others: Any,
) -> xr.Dataset:
    """Compare the features, predictions and weights of two networks and of the blends between them.

    Layer-wise linear feature connectivity (Zhou et al., NeurIPS 2023): for each layer the mean over the examples of
    1 - cos(f(blend), (1 - alpha) f(a) + alpha f(b)), beside 1 - cos(f(a), f(b)). f is what the layer's stage newly
    hands on, as one vector an example: every floating-point value with a row an example that is made between the first
    use of the layer's weights and the first use of the next layer's, and read after that. So the activation that
    follows a layer belongs to it. The row "all" has the network's outputs. Examples with a zero vector have no angle;
    they are left out and counted.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`, but one split.
        alphas: Positions of the blends between a (0) and b (1): numbers, or a count.
        initial_a: What a started its training from, for distances.
        initial_b: What b started from; if it equals `initial_a`, the angle there between the two ways is measured.
        batch_norm: "interpolate" blends running statistics with their layer, "host" keeps a's.
        out: A folder to save the study to.
        others: Settings as of `isthmus.measure`; the loss decides whether the outputs are classes:

    Returns:
        Over (layer, alpha): `blend_dissimilarity`; over layer: `network_dissimilarity`, each with 95 % intervals over
        the examples and the number of examples left out, `feature_status`, `distance`, `cosine` and with initial
        weights their distances, cosines and the angle; over (compared, alpha): `agreement` of predictions with exact
        binomial intervals, for classifiers. Attributes: the manifest.

    Example:
        >>> study = similarity(
        ...     torch.nn.Linear(2, 2), {"weight": torch.eye(2), "bias": torch.zeros(2)},
        ...     {"weight": torch.eye(2).flip(0), "bias": torch.zeros(2)}, (torch.eye(2), torch.tensor([0, 1])),
        ... )
        >>> round(float(study.network_dissimilarity[0]), 6), round(float(study.blend_dissimilarity[0, 0]), 6)
        (1.0, 0.0)
    """
    request = study_request(
        model, a, b, data, SIMILARITY, sweep="full", alphas=alphas, batch_norm=batch_norm, out=out, **others
    )
    return similarity_study(request, initial_a, initial_b)


def similarity_study(request: Request, initial_a: Weights | None, initial_b: Weights | None) -> xr.Dataset:
    """The study of a request.

    Args:
        request: What is asked, of two networks, with the full sweep.
        initial_a: As `similarity`.
        initial_b: As `similarity`.

    Returns:
        As `similarity`.
    """
    settings = request.settings
    subject = subject_of(request)
    initial = [initial_weights(w, f"initial {n}", subject) for w, n in ((initial_a, "a"), (initial_b, "b"))]
    hashes = ["" if weights is None else weights.hash for weights in initial]
    attributes = study_attributes(
        STUDY, request, subject, alphas=settings.alphas, initial_a=hashes[0], initial_b=hashes[1]
    )

    def make(parts: Parts) -> xr.Dataset:
        size = BatchSize(parts.batch_size)
        with float32_products(settings.dtype, subject.network.device):
            # In the order of execution every layer has all that follows it, such as its activation.
            staged = staged_network(subject.network, subject.segment, only_split(subject), size, in_order=True)
            if staged.fallback_reason:
                warnings.warn(f"features: {stages_note(staged)}", IsthmusWarning, stacklevel=2)
            compared = _compared(subject, staged, size, settings.alphas, parts)
        weights = weight_geometry(subject, *initial)
        study = xr.merge([compared, weights], join="exact", combine_attrs="drop")
        return study.assign_attrs({**attributes, "engine_note": stages_note(staged), "batch_size": size.size})

    return make_study(request, attributes, examples_at_once(subject, settings), make)


def _compared(
    subject: Subject, staged: StagedNetwork, size: BatchSize, alphas: Sequence[float], parts: Parts
) -> xr.Dataset:
    """Features and predictions, from one pass over the examples."""
    network, segment, examples = subject.network, subject.segment, only_split(subject)
    everything = tuple(segment.layers)
    ends = [segment.point("a", (), 0.0), segment.point("b", (), 0.0)]
    points = [*ends, *(segment.point("a", everything, alpha) for alpha in alphas)]
    inputs, _ = examples.batch(0, 2, network.device, network.dtype)
    names = feature_names(staged, segment.weights(points[0], network.dtype), inputs)
    observer = FeatureConnectivity(names, alphas, len(examples))
    done = {int(name) for name in parts.names()}
    for start, outputs in Lockstep(network, segment, staged, size).outputs(points, examples, observer, done):
        # Leading zeros, so that names sort as numbers.
        parts.add(f"{start:08d}", observer.seen(start, start + len(outputs[0])) | _by_point(outputs))
    batches = [(int(name), parts.part(name)) for name in sorted(parts.names())]
    for start, batch in batches:
        observer.fill(start, batch)
    scores = [torch.cat([torch.from_numpy(batch[f"{k}"]) for _, batch in batches]) for k in range(len(points))]
    whole = FeatureConnectivity([("scores",)], alphas, len(examples))
    whole.stage_end(0, 0, len(examples), [{"scores": of_point} for of_point in scores])
    stage_of, status = _stages_of_layers(staged, names, everything)
    rows = [(whole, 0), *((observer, stage_of[label]) for label in everything)]
    values: Values = {"feature_status": np.array(["outputs", *status], dtype=object)}
    values |= _intervals(BLEND, "blend_dissimilarity_num_undefined", [_blended(*row, len(alphas)) for row in rows])
    values |= _intervals(NETWORKS, "network_dissimilarity_num_undefined", [_between(*row) for row in rows])
    coordinates = {"layer": [FULL_NETWORK, *everything], "alpha": np.array(alphas, dtype=np.float64)}
    found = xr.Dataset(with_dimensions(values, SIMILARITY_VARIABLES), coordinates)
    return found.merge(_agreements(scores, examples, alphas))


def _by_point(outputs: Sequence[torch.Tensor]) -> Part:
    # NumPy has no bfloat16.
    wide = (of_point.float() if of_point.dtype == torch.bfloat16 else of_point for of_point in outputs)
    return {f"{k}": of_point.cpu().numpy() for k, of_point in enumerate(wide)}


def _stages_of_layers(
    staged: StagedNetwork, names: Sequence[Sequence[str]], labels: Sequence[str]
) -> tuple[dict[str, int | None], list[str]]:
    """For each layer the stage that begins with it, and in words whose features these are."""
    if staged.fallback_reason:
        return dict.fromkeys(labels), ["none: the network runs as a single stage"] * len(labels)
    stage_of: dict[str, int | None] = {}
    first: dict[int, str] = {}
    status = []
    for label in labels:
        number = next((k for k, stage in enumerate(staged.stages) if label in stage.layers), None)
        has_features = number is not None and bool(names[number])
        stage_of[label] = number if has_features else None
        if number is None:
            status.append("none: the forward pass does not use this layer")
        elif not has_features:
            status.append("none: the layer hands on nothing that depends on the example")
        else:
            owner = first.setdefault(number, label)
            status.append("own" if owner == label else f"those of {owner}, used at once")
    return stage_of, status


Row = tuple[float, float, float, int]


def _summary(values: Float[np.ndarray, " examples"], is_zero: Bool[np.ndarray, " examples"]) -> Row:
    """Mean and interval over the examples that have an angle, and how many have none."""
    defined = values[~is_zero]
    if not len(defined):
        return np.nan, np.nan, np.nan, len(values)
    low, high = mean_band(defined[None], critical_value(defined[None]))
    return float(defined.mean()), float(low[0]), float(high[0]), len(values) - len(defined)


def _between(observer: FeatureConnectivity, stage: int | None) -> Row:
    if stage is None:
        return np.nan, np.nan, np.nan, 0
    return _summary(observer.between[stage], observer.is_zero_between[stage])


def _blended(observer: FeatureConnectivity, stage: int | None, num_alphas: int) -> list[Row]:
    if stage is None:
        return [(np.nan, np.nan, np.nan, 0)] * num_alphas
    return [_summary(observer.blended[stage, k], observer.is_zero[stage, k]) for k in range(num_alphas)]


def _intervals(number: Number, num_undefined: str, rows: Sequence[Any]) -> Values:
    value, low, high, undefined = np.moveaxis(np.array(rows, dtype=np.float64), -1, 0)
    return number.values_of(Estimates(value, low, high)) | {num_undefined: undefined.astype(np.int64)}


def _agreements(scores: Sequence[torch.Tensor], examples: Examples, alphas: Sequence[float]) -> xr.Dataset:
    if not has_classes(scores[0], examples.targets):
        return xr.Dataset()
    a, b, *blends = (of_point.double().cpu().numpy() for of_point in scores)

    with_a, with_b = ([agreement(blend, network) for blend in blends] for network in (a, b))
    shares = [agreement(a, b)] * len(alphas) + with_a + with_b
    values = AGREEMENT.values_of(Estimates.of(shares, (len(COMPARED), len(alphas))))
    coordinates = {"compared": list(COMPARED), "alpha": np.array(alphas, dtype=np.float64)}
    return xr.Dataset(with_dimensions(values, SIMILARITY_VARIABLES), coordinates)
