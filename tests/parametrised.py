"""Small networks whose weights are made of parts, in both ways that torch has, and torch's own answer for a blend."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils import spectral_norm as spectral_norm_hook
from torch.nn.utils import weight_norm as weight_norm_hook

Wrap = Callable[[nn.Module], nn.Module]
INPUTS, WIDTH, CLASSES = 5, 4, 3


class Doubled(nn.Module):
    """A parametrisation of one's own with a buffer and a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("factor", torch.tensor(2.0))
        self.shift = nn.Parameter(torch.zeros(1))

    def forward(self, weight: Tensor) -> Tensor:
        return self.factor * weight + self.shift


def hooked_weight_norm(module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and still what many checkpoints were trained with
        return weight_norm_hook(module)


def hooked_spectral_norm(module: nn.Module) -> nn.Module:
    return spectral_norm_hook(module)


def both_norms(module: nn.Module) -> nn.Module:
    return parametrizations.spectral_norm(parametrizations.weight_norm(module))


def doubled(module: nn.Module) -> nn.Module:
    parametrize.register_parametrization(module, "weight", Doubled())
    return module


SPECTRAL: dict[str, Wrap] = {
    "parametrisation": parametrizations.spectral_norm,
    "hook": hooked_spectral_norm,
    "after weight norm": both_norms,
}
WRAPS: dict[str, Wrap] = SPECTRAL | {
    "weight norm": parametrizations.weight_norm,
    "hook of weight norm": hooked_weight_norm,
    "orthogonal": parametrizations.orthogonal,
    "own": doubled,
}


def network(wrap: Wrap) -> nn.Module:
    return nn.Sequential(
        wrap(nn.Conv1d(1, WIDTH, 2)), nn.ReLU(), nn.Flatten(), wrap(nn.Linear(WIDTH * (INPUTS - 1), CLASSES))
    )


def rest(module: nn.Module, labels: tuple[str, ...] = ("0", "3"), times: int = 400) -> None:
    """Let torch's own power iterations run until the vectors of some layers move no more."""
    for label in labels:
        layer = module[int(label)].train()
        for _ in range(times):
            with torch.no_grad():
                layer(torch.zeros(1, 1, INPUTS) if label == "0" else torch.zeros(1, layer.in_features))
    module.eval()


def weights(wrap: Wrap, seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    module = network(wrap)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    rest(module)
    return {key: tensor.clone() for key, tensor in module.state_dict().items()}


def data(n: int = 20) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(9)
    return torch.randn((n, 1, INPUTS), generator=random), torch.randint(CLASSES, (n,), generator=random)


def loss(wrap: Wrap, state: dict[str, Tensor], rested: tuple[str, ...] = ()) -> float:
    """The mean loss of a freshly built network; in the layers named, power iterations run first."""
    torch.manual_seed(0)
    module = network(wrap)
    module.load_state_dict(state)
    rest(module, rested)
    inputs, targets = data()
    with torch.no_grad():
        return float(F.cross_entropy(module.eval()(inputs), targets))
