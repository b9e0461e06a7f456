"""MobileNet v1 for images of 32 x 32."""

from torch import Tensor, nn

OUTPUTS_AND_STRIDES = ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), *5 * ((16, 1),), (32, 2), (32, 1))
"""Output channels, in units of the width, and stride of each of the 13 blocks."""


def mobilenet(width: int = 32, classes: int = 100, channels: int = 3) -> nn.Module:
    """MobileNet v1 (Howard et al., 2017) for small images: 55 layers by module, as in the paper's heat map.

    A 3x3 convolution, 13 blocks of a depthwise 3x3 and a pointwise 1x1 convolution, the mean over the image and a
    linear layer: 27 convolutions without bias, BatchNorm and ReLU after each, one classifier. The first convolution has
    stride 1 instead of 2, so that an image of 32 x 32 ends as 2 x 2. Initialised as PyTorch does.

    Args:
        width: Channels of the first convolution; the last block has 32 times as many.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    return MobileNet(width, classes, channels)


class MobileNet(nn.Module):
    """Depthwise separable blocks between a 3x3 convolution and a linear layer.

    Args:
        width: Channels of the first convolution.
        classes: Number of outputs.
        channels: Channels of the images.
    """

    def __init__(self, width: int, classes: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        blocks, previous = [], width
        for outputs, stride in OUTPUTS_AND_STRIDES:
            blocks.append(SeparableBlock(previous, outputs * width, stride))
            previous = outputs * width
        self.blocks = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(previous, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (examples, classes) of images (examples, channels, height, width)."""
        x = self.blocks(self.relu(self.bn1(self.conv1(images))))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


class SeparableBlock(nn.Module):
    """A 3x3 convolution of each channel alone, then a 1x1 convolution across channels.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        stride: Stride of the depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Features (examples, outputs, height, width) of features (examples, inputs, ...)."""
        x = self.relu(self.bn1(self.depthwise(x)))
        features: Tensor = self.relu(self.bn2(self.pointwise(x)))
        return features
