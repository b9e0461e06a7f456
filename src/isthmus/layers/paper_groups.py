"""The groups of layers that the paper averages between clients, and the network that they are groups of."""

from collections.abc import Sequence


def resnet18_layers() -> tuple[str, ...]:
    """The layers of a norm-free ResNet-18 in the order of first use.

    Returns:
        21 labels.
    """
    blocks = [
        f"layer{stage}.{block}.{part}"
        for stage in range(1, 5)
        for block in range(2)
        for part in ("conv1", "conv2", *(["downsample.0"] if stage > 1 and block == 0 else []))
    ]
    return ("conv1", *blocks, "fc")


def paper_groups(layers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The groups of layers that the paper averages between clients.

    Args:
        layers: Of a norm-free ResNet-18.

    Returns:
        A, the layers called critical; B, the middle; C, all but A; D, all but the classifier.
    """
    critical = {
        "layer1.0.conv1", "layer2.0.conv1", "layer2.0.conv2", "layer3.0.conv1", "layer3.0.conv2", "layer4.0.conv1",
        "layer4.0.conv2", "fc",
    }  # fmt: skip
    assert critical <= set(layers)
    return {
        "A critical": tuple(layer for layer in layers if layer in critical),
        "B middle": tuple(layer for layer in layers if layer.startswith(("layer2.", "layer3."))),
        "C not critical": tuple(layer for layer in layers if layer not in critical),
        "D body": tuple(layer for layer in layers if layer != "fc"),
    }
