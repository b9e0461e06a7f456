"""The demo's network: six 3x3 convolutions without normalisation and one linear layer."""

from collections import OrderedDict

from torch import nn


def cnn(width: int = 16, classes: int = 10, channels: int = 3) -> nn.Module:
    """A small norm-free convolutional network for images of any size.

    Convolutions of width, width, 2 width, 2 width, 4 width and 4 width channels, each followed by ReLU; the first,
    third and fifth halve the image. The mean over the image feeds the linear layer. Initialised as PyTorch does, but
    for the convolutions: He normal with gain sqrt(2) over the fan-in and zero biases, as ReLU without normalisation
    needs.

    Args:
        width: Channels of the first convolution.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    sizes = (width, width, 2 * width, 2 * width, 4 * width, 4 * width)
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    previous = channels
    for number, size in enumerate(sizes, start=1):
        conv = nn.Conv2d(previous, size, 3, stride=1 + number % 2, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        modules[f"conv{number}"] = conv
        modules[f"relu{number}"] = nn.ReLU()
        previous = size
    modules["pool"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(previous, classes)
    return nn.Sequential(modules)
