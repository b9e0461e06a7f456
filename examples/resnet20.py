"""ResNet-20 for CIFAR-10 with shortcuts that have no parameters, as many published checkpoints hold it.

    isthmus measure A.th B.th --model examples/resnet20.py:resnet20 --batch-norm recalibrate \
        --data 'cifar10:test:mean=0.485/0.456/0.406,std=0.229/0.224/0.225' \
        --recalibrate-on 'cifar10:train[0:2000]:mean=0.485/0.456/0.406,std=0.229/0.224/0.225'

It shows what `--model path/to/file.py:function` needs: a function without arguments that returns the network under the
checkpoint's own keys. Prefixes such as `module.` are the reader's business, not the model's.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

STAGES = ((16, 1), (32, 2), (64, 2))  # channels, and the stride of the first block


def resnet20() -> nn.Module:
    """The ResNet of He et al. (2016), section 4.2, with n = 3: 20 layers with weights, 269,722 parameters."""
    return ResNet20()


class BasicBlock(nn.Module):
    """Two convolutions, and the input past them (option A: every second pixel, zero channels on both sides)."""

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.added = stride, (channels - before) // 2

    def forward(self, x: Tensor) -> Tensor:
        """Images or features (examples, before, height, width) to (examples, channels, height / stride, ...)."""
        features = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        shortcut = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added, self.added))
        return (features + shortcut).relu()


class ResNet20(nn.Module):
    """Images (examples, 3, 32, 32) to logits (examples, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        before = 16
        for number, (channels, stride) in enumerate(STAGES, start=1):
            first, others = BasicBlock(before, channels, stride), [BasicBlock(channels, channels, 1) for _ in range(2)]
            self.add_module(f"layer{number}", nn.Sequential(first, *others))
            before = channels
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised images to logits."""
        x = self.bn1(self.conv1(x)).relu()
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


if __name__ == "__main__":
    network = resnet20()
    assert sum(parameter.numel() for parameter in network.parameters()) == 269_722
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
