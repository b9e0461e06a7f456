"""Models and data that laws are run over: one table, a name a case."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from isthmus.models.load import load_model


@dataclass(frozen=True)
class Case:
    """A way to build a small network, the shape of its inputs, and the layers that laws are checked on."""

    name: str
    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    classes: int = 10
    rule: str = "module"

    def weights(self, seed: int) -> dict[str, Tensor]:
        """Weights from a seed, with running statistics that differ as well."""
        torch.manual_seed(seed)
        model = self.build()
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                nn.init.normal_(parameter, 1.0 if "weight" in name and parameter.ndim == 1 else 0.0, 0.2)
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 1.5)
                module.num_batches_tracked.fill_(seed)
        return {key: tensor.clone() for key, tensor in model.state_dict().items()}

    def data(self, n: int = 12, seed: int = 9) -> tuple[Tensor, Tensor]:
        """n random examples."""
        random = torch.Generator().manual_seed(seed)
        inputs = torch.randn((n, *self.input_shape), generator=random)
        return inputs, torch.randint(self.classes, (n,), generator=random)


def named(spec: str) -> Callable[[], nn.Module]:
    """A builder of a registered network."""
    return lambda: load_model(spec)


IMAGE = (3, 8, 8)
CASES = [
    Case("mlp", named("mlp:inputs=12,width=7,classes=10"), (12,)),
    Case("cnn", named("cnn:width=4"), IMAGE),
    Case("resnet18", named("resnet18:width=2"), IMAGE),
    Case("resnet18_no_norm", named("resnet18_no_norm:width=2"), IMAGE),
    Case("resnet18_group_norm", named("resnet18_group_norm:width=4"), IMAGE),
    Case("vgg11", named("vgg11:width=1"), (3, 32, 32)),
    Case("lenet5", named("lenet5"), (1, 28, 28)),
    Case("omniglot_cnn", named("omniglot_cnn:width=3,classes=10"), (1, 16, 16)),
    Case("deep_linear", named("deep_linear:inputs=12,width=5"), (3, 2, 2)),
    Case("mobilenet", named("mobilenet:width=4,classes=10"), (3, 16, 16), rule="block"),
    Case("vit", named("vit:layers=2,width=16,heads=2,mlp=32,patch=4,image=8,classes=10"), IMAGE),
]
