"""VGG-11 in torchvision's layout, so its checkpoints fit."""

from torch import Tensor, nn

CHANNELS_AND_POOLS = (1, "pool", 2, "pool", 4, 4, "pool", 8, 8, "pool", 8, 8, "pool")


def vgg11(width: int = 64, classes: int = 10, channels: int = 3) -> nn.Module:
    """VGG-11 without BatchNorm (Simonyan and Zisserman, 2015) for images of at least 32 x 32.

    Eight convolutions, five max-poolings, an average to 7 x 7, and three linear layers with dropout between them, the
    hidden ones of 64 width units. Initialised as torchvision does: convolutions He normal over the fan-out, linear
    layers normal with standard deviation 0.01, zero biases; with PyTorch's own the signal dies on its way up.

    Args:
        width: Channels of the first convolution; the last have 8 times as many.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) to logits (examples, classes).
    """
    return VGG(width, classes, channels)


class VGG(nn.Module):
    """Convolutions under `features`, linear layers under `classifier`.

    Args:
        width: Channels of the first convolution.
        classes: Number of outputs.
        channels: Channels of the images.
    """

    def __init__(self, width: int, classes: int, channels: int) -> None:
        super().__init__()
        features: list[nn.Module] = []
        previous = channels
        for step in CHANNELS_AND_POOLS:
            if isinstance(step, int):
                features += [nn.Conv2d(previous, step * width, 3, padding=1), nn.ReLU()]
                previous = step * width
            else:
                features.append(nn.MaxPool2d(2))
        hidden = 64 * width
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(previous * 7 * 7, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (examples, classes) of images (examples, channels, height, width)."""
        logits: Tensor = self.classifier(self.avgpool(self.features(images)).flatten(1))
        return logits
