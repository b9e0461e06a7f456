"""The networks that have a name: their options, and where to find their code.

Lists, help and unknown names are answered from this file at once, before torch is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Option:
    """A number that a network is built with.

    Attributes:
        default: Its value where neither the user nor a checkpoint says; None if one of them must. A float where
            fractions are meant.
        key: The tensor of a checkpoint that shows its value; None if none does.
        axis: The axis of that tensor whose length is the value; None if the value is how many keys match the pattern
            `key`.
        needed: Whether it must be given beside a checkpoint, which does not show it although outputs depend on it.
    """

    default: int | float | None
    key: str | None
    axis: int | None = None
    needed: bool = False


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


def _image_options(width: int, first: str, last: str, classes: int = 10, channels: int = 3) -> Mapping[str, Option]:
    return MappingProxyType({
        "width": Option(width, f"{first}.weight", 0),
        "classes": Option(classes, f"{last}.weight", 0),
        "channels": Option(channels, f"{first}.weight", 1),
    })


_MLP_OPTIONS = MappingProxyType({
    "inputs": Option(None, "hidden1.weight", 1),
    "width": Option(128, "hidden1.weight", 0),
    "hidden": Option(3, "hidden*.weight", None),
    "classes": Option(10, "fc.weight", 0),
})
_DEEP_LINEAR_OPTIONS = MappingProxyType({
    "inputs": Option(None, "hidden1.weight", 1),
    "width": Option(16, "hidden1.weight", 0),
    "hidden": Option(2, "hidden*.weight", None),
    "classes": Option(10, "fc.weight", 0),
})
_RESNET_OPTIONS = _image_options(64, "conv1", "fc")
_LENET_OPTIONS = MappingProxyType({
    "classes": Option(10, "fc3.weight", 0),
    "channels": Option(1, "conv1.weight", 1),
})
_VIT_PATCHES = "vit.embeddings.patch_embeddings.projection.weight"
_VIT_OPTIONS = MappingProxyType({
    "layers": Option(6, "vit.layers.*.layernorm_before.weight"),
    "width": Option(512, _VIT_PATCHES, 0),
    "heads": Option(16, None, needed=True),
    "mlp": Option(1024, "vit.layers.0.mlp.fc1.weight", 0),
    "patch": Option(4, _VIT_PATCHES, 2),
    "image": Option(32, None),
    "classes": Option(10, "classifier.weight", 0),
    "channels": Option(3, _VIT_PATCHES, 1),
})
_GPT_OPTIONS = MappingProxyType({
    "layers": Option(12, "transformer.h.*.ln_1.weight"),
    "width": Option(768, "transformer.wte.weight", 1),
    "heads": Option(12, None, needed=True),
    "length": Option(256, "transformer.wpe.weight", 0),
    "vocabulary": Option(50_257, "transformer.wte.weight", 0),
    "dropout": Option(0.2, None),
})

_ENTRIES = (
    ModelEntry(
        "mlp",
        "fully connected hidden layers, ReLU; three of them are the paper's",
        _MLP_OPTIONS,
        "isthmus.models.networks.mlp:mlp",
    ),
    ModelEntry(
        "cnn",
        "six 3x3 convolutions and a linear layer, no normalisation, any image size",
        _image_options(16, "conv1", "fc"),
        "isthmus.models.networks.cnn:cnn",
    ),
    ModelEntry(
        "resnet18", "ResNet-18 for small images, BatchNorm", _RESNET_OPTIONS, "isthmus.models.networks.resnet:resnet18"
    ),
    ModelEntry(
        "resnet18_no_norm",
        "ResNet-18 for small images, no normalisation: the paper's",
        _RESNET_OPTIONS,
        "isthmus.models.networks.resnet:resnet18_no_norm",
    ),
    ModelEntry(
        "resnet18_group_norm",
        "ResNet-18 for small images, group normalisation",
        _RESNET_OPTIONS,
        "isthmus.models.networks.resnet:resnet18_group_norm",
    ),
    ModelEntry(
        "vgg11",
        "VGG-11 in torchvision's layout, images of at least 32 x 32",
        _image_options(64, "features.0", "classifier.6"),
        "isthmus.models.networks.vgg:vgg11",
    ),
    ModelEntry(
        "mobilenet",
        "MobileNet v1 for small images, BatchNorm: the paper's 55 layers",
        _image_options(32, "conv1", "fc", classes=100),
        "isthmus.models.networks.mobilenet:mobilenet",
    ),
    ModelEntry("lenet5", "LeNet-5, images of at most 32 x 32", _LENET_OPTIONS, "isthmus.models.networks.lenet:lenet5"),
    ModelEntry(
        "omniglot_cnn",
        "four 3x3 convolutions with BatchNorm and pooling, images of at least 16 x 16",
        _image_options(64, "conv1", "fc", classes=242, channels=1),
        "isthmus.models.networks.omniglot:omniglot_cnn",
    ),
    ModelEntry(
        "vit", "vision transformer of transformers: the paper's", _VIT_OPTIONS, "isthmus.models.networks.vit:vit"
    ),
    ModelEntry(
        "gpt", "GPT-2 of transformers: the paper's language model", _GPT_OPTIONS, "isthmus.models.networks.gpt:gpt"
    ),
    ModelEntry(
        "deep_linear",
        "matrices one after the other, no bias, no nonlinearity: Theorem 4.1's",
        _DEEP_LINEAR_OPTIONS,
        "isthmus.models.networks.deep_linear:deep_linear",
    ),
)

MODELS: Mapping[str, ModelEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
