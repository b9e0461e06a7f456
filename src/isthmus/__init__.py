"""Isthmus: which layers of two trained networks can be averaged, at what cost, and why.

Importing this package computes nothing and loads no torch; a name is imported when it is first used.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Pictures
    from isthmus import plot

    # Errors
    from isthmus.errors import InputError, IsthmusError, IsthmusWarning

    # Federated training
    from isthmus.federated.federate import federate

    # Layers and weights
    from isthmus.layers.partition import LayerPartition
    from isthmus.layers.rules import layer_partition
    from isthmus.measures.connectivity import Connectivity

    # Merging
    from isthmus.merging.align import align
    from isthmus.merging.average import average
    from isthmus.merging.merge import merge
    from isthmus.paths.average import average_networks
    from isthmus.questions.attribution.study import attribution
    from isthmus.questions.convexity.answer import convexity, last_layer_convexity
    from isthmus.questions.curvature.study import curvature
    from isthmus.questions.interactions.answer import interactions
    from isthmus.questions.noise.study import subspace_noise
    from isthmus.questions.similarity.study import similarity
    from isthmus.questions.study.folder import load_study, save_study
    from isthmus.results.replicates import replicates
    from isthmus.runs.folder.loading import barrier, class_barriers, examples, is_layerwise_connected
    from isthmus.runs.folder.reading import load_run
    from isthmus.runs.measure import measure
    from isthmus.weights.checkpoint import load_checkpoint, save_weights

_HOMES = {
    # Measuring
    "measure": "isthmus.runs.measure",
    "barrier": "isthmus.runs.folder.loading",
    "class_barriers": "isthmus.runs.folder.loading",
    "examples": "isthmus.runs.folder.loading",
    "interactions": "isthmus.questions.interactions.answer",
    "is_layerwise_connected": "isthmus.runs.folder.loading",
    "convexity": "isthmus.questions.convexity.answer",
    "last_layer_convexity": "isthmus.questions.convexity.answer",
    "Connectivity": "isthmus.measures.connectivity",
    "replicates": "isthmus.results.replicates",
    # Studies beside it
    "attribution": "isthmus.questions.attribution.study",
    "curvature": "isthmus.questions.curvature.study",
    "similarity": "isthmus.questions.similarity.study",
    "load_study": "isthmus.questions.study.folder",
    "save_study": "isthmus.questions.study.folder",
    "subspace_noise": "isthmus.questions.noise.study",
    # Runs on disk
    "load_run": "isthmus.runs.folder.reading",
    # Layers and weights
    "LayerPartition": "isthmus.layers.partition",
    "layer_partition": "isthmus.layers.rules",
    # Merging
    "align": "isthmus.merging.align",
    "average": "isthmus.merging.average",
    "merge": "isthmus.merging.merge",
    "average_networks": "isthmus.paths.average",
    "load_checkpoint": "isthmus.weights.checkpoint",
    "save_weights": "isthmus.weights.checkpoint",
    # Federated training
    "federate": "isthmus.federated.federate",
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
    "align",
    "attribution",
    "average",
    "average_networks",
    "barrier",
    "class_barriers",
    "convexity",
    "curvature",
    "examples",
    "federate",
    "interactions",
    "is_layerwise_connected",
    "last_layer_convexity",
    "layer_partition",
    "load_checkpoint",
    "load_run",
    "load_study",
    "measure",
    "merge",
    "plot",
    "replicates",
    "save_study",
    "save_weights",
    "similarity",
    "subspace_noise",
]


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("isthmus")
    if name == "plot":
        return import_module("isthmus.plot")
    if name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
        if "xarray" in sys.modules:  # then there can be results, which have `result.isthmus`
            import_module("isthmus.accessor")
        return found
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}")
