"""The usual convolutional network for Omniglot."""

from collections import OrderedDict

from torch import nn


def omniglot_cnn(width: int = 64, classes: int = 242, channels: int = 1) -> nn.Module:
    """Four 3x3 convolutions with BatchNorm, ReLU and 2x2 max-pooling, then a linear layer.

    The embedding of Vinyals et al., "Matching networks for one shot learning" (2016), for images of 28 x 28, which it
    takes to 1 x 1; larger images are averaged at the end. The convolutions have no bias, which BatchNorm would cancel.
    Initialised as PyTorch does.

    Args:
        width: Channels of each convolution.
        classes: Number of outputs; 242 characters are in the data set `omniglot_small`.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) of at least 16 x 16 to logits (examples, classes).
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    previous = channels
    for number in (1, 2, 3, 4):
        modules[f"conv{number}"] = nn.Conv2d(previous, width, 3, padding=1, bias=False)
        modules[f"bn{number}"] = nn.BatchNorm2d(width)
        modules[f"relu{number}"] = nn.ReLU()
        modules[f"pool{number}"] = nn.MaxPool2d(2)
        previous = width
    modules["avgpool"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(width, classes)
    return nn.Sequential(modules)
