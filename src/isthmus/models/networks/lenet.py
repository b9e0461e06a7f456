"""LeNet-5 in its modern form."""

from torch import Tensor, nn
from torch.nn import functional

IMAGE_SIZE = 32


def lenet5(classes: int = 10, channels: int = 1) -> nn.Module:
    """LeNet-5 (LeCun et al., 1998) with ReLU and max-pooling in the places of tanh and trained subsampling.

    Convolutions of 6 and 16 channels, 5x5 without padding, each followed by ReLU and a 2x2 max-pooling, then linear
    layers of 120, 84 and `classes` units. Images below 32 x 32 get a border of zeros up to that size, as the digits of
    28 x 28 had in the original. Initialised as PyTorch does.

    Args:
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        A network from images (examples, channels, height, width) of at most 32 x 32 to logits (examples, classes).
    """
    return LeNet5(classes, channels)


class LeNet5(nn.Module):
    """Two convolutions and three linear layers.

    Args:
        classes: Number of outputs.
        channels: Channels of the images.
    """

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (examples, classes) of images (examples, channels, height, width)."""
        rows, columns = (IMAGE_SIZE - size for size in images.shape[2:])
        x = functional.pad(images, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x))).flatten(1)
        logits: Tensor = self.fc3(self.relu(self.fc2(self.relu(self.fc1(x)))))
        return logits
