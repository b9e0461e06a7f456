"""ResNet-18 for small images: with BatchNorm, with group normalisation, and the paper's without any."""

from collections.abc import Callable

from torch import Tensor, nn

NormLayer = Callable[[int], nn.Module]


def resnet18(width: int = 64, classes: int = 10, channels: int = 3) -> nn.Module:
    """ResNet-18 with BatchNorm after every convolution.

    He et al. (2016) with the stem for small images: the first convolution is 3x3 with stride 1, and no max-pooling
    follows. Keys are torchvision's; initialised as PyTorch does.

    Args:
        width: Channels of the first stage; the other three have 2, 4 and 8 times as many.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    return ResNet(width, classes, channels, nn.BatchNorm2d)


def resnet18_group_norm(width: int = 64, classes: int = 10, channels: int = 3) -> nn.Module:
    """ResNet-18 with group normalisation in the place of BatchNorm, under the same keys.

    The number of groups is `num_groups` of the channels: 32 at the usual widths.

    Args:
        width: Channels of the first stage; the other three have 2, 4 and 8 times as many.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    return ResNet(width, classes, channels, lambda size: nn.GroupNorm(num_groups(size), size))


def resnet18_no_norm(width: int = 64, classes: int = 10, channels: int = 3) -> nn.Module:
    """ResNet-18 without normalisation: the network of the paper's first two figures.

    Its convolutions have no bias and no norm layer follows them, so each of the 21 layers holds one convolution, or
    the linear layer. Train it with warm-up and gradient clipping.

    Args:
        width: Channels of the first stage; the other three have 2, 4 and 8 times as many.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    return ResNet(width, classes, channels, None)


def num_groups(channels: int) -> int:
    """Groups of a group normalisation over so many channels.

    The largest divisor of the channels that is at most 32 (the default of Wu and He, 2018) and leaves two channels
    or more in a group: with one channel a group, features of one pixel would all become zero.

    Args:
        channels: Channels to normalise.

    Returns:
        The number of groups, 1 at least.

    Example:
        >>> [num_groups(channels) for channels in (64, 128, 16, 12, 7)]
        [32, 32, 8, 6, 1]
    """
    most = max(1, min(32, channels // 2))
    return next(groups for groups in range(most, 0, -1) if channels % groups == 0)


class ResNet(nn.Module):
    """Four stages of two residual blocks between a 3x3 convolution and a linear layer.

    Args:
        width: Channels of the first stage.
        classes: Number of outputs.
        channels: Channels of the images.
        normalization: Makes the norm layer for a number of channels; None leaves all of them out.
    """

    def __init__(self, width: int, classes: int, channels: int, normalization: NormLayer | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = normalization(width) if normalization else None
        self.relu = nn.ReLU()
        self.layer1 = _stage(width, width, 1, normalization)
        self.layer2 = _stage(width, 2 * width, 2, normalization)
        self.layer3 = _stage(2 * width, 4 * width, 2, normalization)
        self.layer4 = _stage(4 * width, 8 * width, 2, normalization)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (examples, classes) of images (examples, channels, height, width)."""
        x = _normalized(self.conv1(images), self.bn1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.relu(x)))))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        stride: Stride of the first convolution and of the shortcut.
        normalization: Makes the norm layer for a number of channels; None leaves all of them out.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, normalization: NormLayer | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = normalization(outputs) if normalization else None
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = normalization(outputs) if normalization else None
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            if normalization:
                self.downsample.append(normalization(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Features (examples, outputs, height, width) of features (examples, inputs, ...)."""
        out = self.relu(_normalized(self.conv1(x), self.bn1))
        out = _normalized(self.conv2(out), self.bn2)
        shortcut = x if self.downsample is None else self.downsample(x)
        activations: Tensor = self.relu(out + shortcut)
        return activations


def _stage(inputs: int, outputs: int, stride: int, normalization: NormLayer | None) -> nn.Sequential:
    first = BasicBlock(inputs, outputs, stride, normalization)
    return nn.Sequential(first, BasicBlock(outputs, outputs, 1, normalization))


def _normalized(features: Tensor, norm: nn.Module | None) -> Tensor:
    if norm is None:
        return features
    normalized: Tensor = norm(features)
    return normalized
