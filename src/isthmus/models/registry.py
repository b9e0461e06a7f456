"""The networks that go by a name: what they are, their options, and where to find them once one is needed.

Nothing here imports torch, so that lists, help and unknown names are answered at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Option:
    """A number that a network is built with.

    Attributes:
        default: Its value where neither the user nor a checkpoint says; None if one of them must.
        key: The tensor of a checkpoint that shows its value.
        axis: The axis of that tensor whose length is the value; None where the value is the number of keys that
            match the pattern `key`.
    """

    default: int | None
    key: str
    axis: int | None


@dataclass(frozen=True)
class ModelEntry:
    """A registered network.

    Attributes:
        name: What the user calls it.
        description: One line.
        options: Its options by name.
        origin: `module:function` that builds it, imported when it is needed.
    """

    name: str
    description: str
    options: Mapping[str, Option]
    origin: str


def _image_options(width: int, first: str, last: str) -> Mapping[str, Option]:
    return MappingProxyType({
        "width": Option(width, f"{first}.weight", 0),
        "classes": Option(10, f"{last}.weight", 0),
        "channels": Option(3, f"{first}.weight", 1),
    })


_MLP_OPTIONS = MappingProxyType({
    "inputs": Option(None, "hidden1.weight", 1),
    "width": Option(128, "hidden1.weight", 0),
    "classes": Option(10, "fc.weight", 0),
})
_DEEP_LINEAR_OPTIONS = MappingProxyType({
    "inputs": Option(None, "hidden1.weight", 1),
    "width": Option(16, "hidden1.weight", 0),
    "hidden": Option(2, "hidden*.weight", None),
    "classes": Option(10, "fc.weight", 0),
})
_RESNET_OPTIONS = _image_options(64, "conv1", "fc")

_ENTRIES = (
    ModelEntry("mlp", "three fully connected hidden layers, ReLU", _MLP_OPTIONS, "isthmus.models.mlp:mlp"),
    ModelEntry(
        "cnn",
        "six 3x3 convolutions and a linear layer, no normalisation, any image size",
        _image_options(16, "conv1", "fc"),
        "isthmus.models.cnn:cnn",
    ),
    ModelEntry("resnet18", "ResNet-18 for small images, BatchNorm", _RESNET_OPTIONS, "isthmus.models.resnet:resnet18"),
    ModelEntry(
        "resnet18_no_norm",
        "ResNet-18 for small images, no normalisation: the paper's",
        _RESNET_OPTIONS,
        "isthmus.models.resnet:resnet18_no_norm",
    ),
    ModelEntry(
        "resnet18_group_norm",
        "ResNet-18 for small images, group normalisation",
        _RESNET_OPTIONS,
        "isthmus.models.resnet:resnet18_group_norm",
    ),
    ModelEntry(
        "vgg11",
        "VGG-11 in torchvision's layout, images of at least 32 x 32",
        _image_options(64, "features.0", "classifier.6"),
        "isthmus.models.vgg:vgg11",
    ),
    ModelEntry(
        "deep_linear",
        "matrices one after the other, no bias, no nonlinearity: Theorem 4.1's",
        _DEEP_LINEAR_OPTIONS,
        "isthmus.models.deep_linear:deep_linear",
    ),
)

MODELS: Mapping[str, ModelEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
