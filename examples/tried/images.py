"""Networks on images: own modules as people write them."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from tried.case import Case, random_rows

IMAGES = random_rows(3, 8, 8)


def _block(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU())


def _ending(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))


def _normed(norm: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm, nn.ReLU(), _ending(8))


class Basic(nn.Module):
    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = _block(inside, outside, stride), nn.Conv2d(outside, outside, 3, padding=1)
        self.norm = nn.BatchNorm2d(outside)
        self.skip = nn.Identity() if stride == 1 else nn.Conv2d(inside, outside, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.second(self.first(x))) + self.skip(x))


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 + 4 * k, 4, 3, padding=1) for k in range(3))
        self.ending = _ending(15)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x).relu()], dim=1)
        return self.ending(x)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(3, 4, size, padding=size // 2) for size in (1, 3, 5))
        self.ending = _ending(12)

    def forward(self, x: Tensor) -> Tensor:
        return self.ending(torch.cat([branch(x).relu() for branch in self.branches], dim=1))


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down, self.up, self.ending = _block(3, 8), nn.Linear(8, 2), nn.Linear(2, 8), _ending(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        scale = torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3))))))
        return self.ending(x * scale[:, :, None, None])


class UNet(nn.Module):
    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.down1, self.down2, self.middle = _block(3, 4), _block(4, 8, 2), _block(8, 8, 2)
        self.up2, self.up1 = nn.ConvTranspose2d(8, 8, 2, 2), nn.ConvTranspose2d(16, 4, 2, 2)
        self.head = nn.Conv2d(8, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x)
        second = self.down2(first)
        up = self.up2(self.middle(second))
        return self.head(torch.cat([self.up1(torch.cat([up, second], dim=1)), first], dim=1))


class Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList([_block(3, 4), _block(4, 4, 2), _block(4, 4, 2)])
        self.lateral = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(3))
        self.head = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for block in self.body:
            x = block(x)
            found.append(x)
        top = self.lateral[2](found[2])
        for k in (1, 0):
            top = functional.interpolate(top, scale_factor=2, mode="nearest") + self.lateral[k](found[k])
        return self.head(top)


class PatchTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8) / 4)
        self.place = nn.Parameter(torch.randn(1, 5, 8) / 4)
        self.body = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.place
        return self.head(self.body(x)[:, 0])


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower, self.head = nn.Sequential(_block(3, 4), nn.Flatten(), nn.Linear(256, 6)), nn.Linear(6, 2)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.head((self.tower(left) - self.tower(right)).abs())


class ConvNext(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.depth, self.norm = (
            nn.Conv2d(3, 8, 2, 2),
            nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.LayerNorm(8),
        )
        self.wide, self.narrow, self.scale = nn.Linear(8, 16), nn.Linear(16, 8), nn.Parameter(torch.full((8,), 0.5))
        self.ending = _ending(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        inner = self.norm(self.depth(x).permute(0, 2, 3, 1))
        inner = self.scale * self.narrow(functional.gelu(self.wide(inner)))
        return self.ending(x + inner.permute(0, 3, 1, 2))


class SpatialTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.where, self.body = nn.Linear(192, 6), nn.Sequential(_block(3, 4), _ending(4))

    def forward(self, x: Tensor) -> Tensor:
        grid = functional.affine_grid(self.where(x.flatten(1)).view(-1, 2, 3), x.shape, align_corners=False)
        return self.body(functional.grid_sample(x, grid, align_corners=False))


class Repeated(nn.Module):
    """One block several times over."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block, self.ending = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1), _ending(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for _ in range(3):
            x = torch.tanh(self.block(x) + x)
        return self.ending(x)


class WeightStandardised(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        mean, std = self.weight.mean((1, 2, 3), keepdim=True), self.weight.std((1, 2, 3), keepdim=True)
        return functional.conv2d(x, (self.weight - mean) / (std + 1e-5), self.bias, self.stride, self.padding)


class Steerable(nn.Module):
    """Four turned copies of one kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel, self.ending = nn.Parameter(torch.randn(4, 3, 3, 3) / 3), _ending(16)

    def forward(self, x: Tensor) -> Tensor:
        kernels = torch.cat([self.kernel.rot90(turn, (2, 3)) for turn in range(4)])
        return self.ending(functional.conv2d(x, kernels, padding=1).relu())


class StochasticDepth(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.blocks, self.ending = _block(3, 4), nn.ModuleList([_block(4, 4), _block(4, 4)]), _ending(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            if not self.training or torch.rand(()) > 0.5:
                x = x + block(x)
        return self.ending(x)


class Detector(nn.Module):
    """Boxes and classes of every place; the classes are measured."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.boxes, self.classes = _block(3, 6, 2), nn.Conv2d(6, 4, 1), nn.Conv2d(6, 3, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.body(x)
        return {"boxes": self.boxes(x), "logits": self.classes(x)}


def _vgg() -> nn.Sequential:
    return nn.Sequential(_block(3, 4), nn.MaxPool2d(2), _block(4, 8), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 4))


def _depthwise() -> nn.Sequential:
    return nn.Sequential(_block(3, 4), nn.Conv2d(4, 4, 3, 1, 1, groups=4), nn.ReLU6(), nn.Conv2d(4, 8, 1), _ending(8))


CASES = (
    Case(
        "convolutions, flattened",
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)),
        IMAGES,
    ),
    Case("VGG, BatchNorm and pooling", _vgg, IMAGES),
    Case("ResNet", lambda: nn.Sequential(_block(3, 4), Basic(4, 4, 1), Basic(4, 8, 2), _ending(8)), IMAGES),
    Case("DenseNet", Dense, IMAGES),
    Case("Inception", Inception, IMAGES),
    Case("depthwise separable", _depthwise, IMAGES),
    Case("squeeze and excitation", SqueezeExcite, IMAGES),
    Case("GroupNorm", lambda: _normed(nn.GroupNorm(2, 8)), IMAGES),
    Case("InstanceNorm2d", lambda: _normed(nn.InstanceNorm2d(8, affine=True)), IMAGES),
    Case(
        "InstanceNorm2d with statistics",
        lambda: _normed(nn.InstanceNorm2d(8, affine=True, track_running_stats=True)),
        IMAGES,
    ),
    Case("BatchNorm without affine", lambda: _normed(nn.BatchNorm2d(8, affine=False)), IMAGES),
    Case("local response norm", lambda: _normed(nn.LocalResponseNorm(3)), IMAGES),
    Case("U-Net, segmentation", UNet, IMAGES, "pixels"),
    Case("feature pyramid, segmentation", Pyramid, IMAGES, "pixels"),
    Case("image to image", lambda: UNet(classes=3), IMAGES, "numbers"),
    Case("vision transformer by hand", PatchTransformer, IMAGES),
    Case("Siamese towers, one set of weights", Siamese, (IMAGES, random_rows(3, 8, 8, seed=1))),
    Case("ConvNeXt block", ConvNext, IMAGES),
    Case("spatial transformer", SpatialTransformer, IMAGES),
    Case("one block three times", Repeated, IMAGES),
    Case("weight standardisation", lambda: nn.Sequential(WeightStandardised(3, 4, 3), nn.ReLU(), _ending(4)), IMAGES),
    Case("turned kernels", Steerable, IMAGES),
    Case("stochastic depth", StochasticDepth, IMAGES),
    Case("detector, dict of maps", Detector, IMAGES, "pixels"),
    Case(
        "sub-pixel upsampling",
        lambda: nn.Sequential(_block(3, 4), nn.Conv2d(4, 12, 1), nn.PixelShuffle(2)),
        IMAGES,
        "numbers",
    ),
    Case(
        "3D convolutions",
        lambda: nn.Sequential(
            nn.Conv3d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 4)
        ),
        random_rows(3, 4, 4, 4),
    ),
)
