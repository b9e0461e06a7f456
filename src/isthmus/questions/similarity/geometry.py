"""Two networks in weight space: distances to each other and to their starts, and the angle at which they parted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from isthmus.measures.distance import LayerDistance, layer_distance
from isthmus.results.studies import SIMILARITY
from isthmus.results.variables import Values, with_dimensions
from isthmus.runs.request.inputs import NamedWeights, Weights, fitted_weights, read_weights
from isthmus.runs.subject.subject import Subject
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.weights.interpolation import tensor_difference
from isthmus.weights.state import Kind, StateDict, is_blendable, tied_keys, widen


def initial_weights(weights: Weights | None, name: str, subject: Subject) -> NamedWeights | None:
    """Initial weights under the model's keys.

    Args:
        weights: A state dict or a checkpoint; None where they are not known.
        name: What messages call them.
        subject: Whose model they are for.

    Returns:
        The weights, or None.
    """
    return None if weights is None else fitted_weights(*read_weights(weights, name), subject.model.module)


def weight_geometry(subject: Subject, initial_a: NamedWeights | None, initial_b: NamedWeights | None) -> xr.Dataset:
    """Distances and angles of the parameters of every layer, the whole network ("all") first; tied ones count once.

    The angle at the branching point is that between a - start and b - start, where both started from the same weights:
    90 degrees for ways that have nothing in common.

    Args:
        subject: The two networks.
        initial_a: What a started from.
        initial_b: What b started from.

    Returns:
        Over layer: `distance`, `relative_distance`, `cosine`, `cosine_status`, `num_parameters`; with initial weights
        over (network, layer) `distance_from_initial` and `cosine_to_initial`, NaN where they are not given; with equal
        ones over layer `branch_cosine` and `branch_angle_degrees`, NaN where a layer did not move.
    """
    repeated = {key for keys in tied_keys(subject.model.module) for key in keys[1:]}
    kinds = subject.segment.kinds
    partition = {
        label: [key for key in keys if kinds[key] is Kind.PARAMETER and key not in repeated]
        for label, keys in subject.segment.layers.layers.items()
    }
    groups = [[key for keys in partition.values() for key in keys], *partition.values()]
    a, b = subject.a.weights, subject.b.weights
    between = _distances(a, b, groups)
    values: Values = {
        "distance": np.array([d.distance for d in between]),
        "relative_distance": np.array([d.relative_distance for d in between]),
        "cosine": np.array([d.cosine for d in between]),
        "cosine_status": np.array([d.status for d in between], dtype=object),
        "num_parameters": np.array([d.num_parameters for d in between], dtype=np.int64),
    }
    coordinates: dict[str, Any] = {"layer": [FULL_NETWORK, *partition]}
    if initial_a is not None or initial_b is not None:
        from_start = [
            None if start is None else _distances(end, start.weights, groups)
            for end, start in ((a, initial_a), (b, initial_b))
        ]
        for name, field in (("distance_from_initial", "distance"), ("cosine_to_initial", "cosine")):
            rows = [[getattr(d, field) for d in of] if of else [np.nan] * len(groups) for of in from_start]
            values[name] = np.array(rows)
        coordinates["network"] = ["a", "b"]
    if initial_a is not None and initial_b is not None and initial_a.hash == initial_b.hash:
        ways = _distances(_way(initial_a.weights, a), _way(initial_a.weights, b), groups)
        cosine = np.array([d.cosine for d in ways])
        values["branch_cosine"] = cosine
        values["branch_angle_degrees"] = np.degrees(np.arccos(cosine))
    return xr.Dataset(with_dimensions(values, SIMILARITY), coordinates)


def _distances(x: StateDict, y: StateDict, groups: Sequence[Sequence[str]]) -> list[LayerDistance]:
    return [layer_distance(x, y, keys) for keys in groups]


def _way(start: StateDict, end: StateDict) -> StateDict:
    return {key: tensor_difference(widen(end[key]), widen(start[key])) for key in end if is_blendable(end[key])}
