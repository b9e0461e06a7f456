"""Isthmus: which layers of two trained networks can be averaged, at what cost, and why.

Importing this package computes nothing and loads no torch; a name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Errors
    from isthmus.errors import InputError, IsthmusError, IsthmusWarning

    # Layers and weights
    from isthmus.layers.partition import LayerPartition
    from isthmus.layers.rules import layer_partition
    from isthmus.measures.connectivity import Connectivity
    from isthmus.measures.replicates import replicates
    from isthmus.runs.access import barrier, class_barriers, examples, is_layerwise_connected, load_run
    from isthmus.runs.convexity import convexity, last_layer_convexity
    from isthmus.runs.curvature import curvature
    from isthmus.runs.interactions import interactions
    from isthmus.runs.measure import measure
    from isthmus.runs.similarity import similarity
    from isthmus.runs.study import load_study, save_study
    from isthmus.runs.subspace import subspace_noise
    from isthmus.weights.checkpoint import load_checkpoint, save_weights

_HOMES = {
    # Measuring
    "measure": "isthmus.runs.measure",
    "barrier": "isthmus.runs.access",
    "class_barriers": "isthmus.runs.access",
    "examples": "isthmus.runs.access",
    "interactions": "isthmus.runs.interactions",
    "is_layerwise_connected": "isthmus.runs.access",
    "convexity": "isthmus.runs.convexity",
    "last_layer_convexity": "isthmus.runs.convexity",
    "Connectivity": "isthmus.measures.connectivity",
    "replicates": "isthmus.measures.replicates",
    # Studies beside it
    "curvature": "isthmus.runs.curvature",
    "similarity": "isthmus.runs.similarity",
    "load_study": "isthmus.runs.study",
    "save_study": "isthmus.runs.study",
    "subspace_noise": "isthmus.runs.subspace",
    # Runs on disk
    "load_run": "isthmus.runs.access",
    # Layers and weights
    "LayerPartition": "isthmus.layers.partition",
    "layer_partition": "isthmus.layers.rules",
    "load_checkpoint": "isthmus.weights.checkpoint",
    "save_weights": "isthmus.weights.checkpoint",
    # Errors
    "InputError": "isthmus.errors",
    "IsthmusError": "isthmus.errors",
    "IsthmusWarning": "isthmus.errors",
}

__all__ = [
    "Connectivity",
    "InputError",
    "IsthmusError",
    "IsthmusWarning",
    "LayerPartition",
    "barrier",
    "class_barriers",
    "convexity",
    "curvature",
    "examples",
    "interactions",
    "is_layerwise_connected",
    "last_layer_convexity",
    "layer_partition",
    "load_checkpoint",
    "load_run",
    "load_study",
    "measure",
    "replicates",
    "save_study",
    "save_weights",
    "similarity",
    "subspace_noise",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}")
