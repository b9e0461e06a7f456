"""Networks on rows of numbers: own modules as people write them."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from tried.case import Case, random_rows, random_tokens

ROWS, TOKENS = random_rows(6), random_tokens()


class Residual(nn.Module):
    def __init__(self, pre_norm: bool = True) -> None:
        super().__init__()
        self.stem, self.head, self.pre_norm = nn.Linear(6, 8), nn.Linear(8, 4), pre_norm
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8)) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(8) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, block in zip(self.norms, self.blocks, strict=True):
            x = x + block(norm(x)) if self.pre_norm else norm(x + block(x))
        return self.head(x)


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value, self.gate, self.head = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.value(x) * functional.silu(self.gate(x)))


class OwnParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))
        self.matrix = nn.Parameter(torch.randn(6, 4))
        self.temperature = nn.Parameter(torch.tensor(1.5))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale + self.shift) @ self.matrix / self.temperature


class ParameterBags(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrices = nn.ParameterList(nn.Parameter(torch.randn(6, 6) / 2) for _ in range(3))
        self.named = nn.ParameterDict({"out": nn.Parameter(torch.randn(6, 4))})

    def forward(self, x: Tensor) -> Tensor:
        for matrix in self.matrices:
            x = torch.tanh(x @ matrix)
        return x @ self.named["out"]


class Experts(nn.Module):
    """Dense, or one expert an example chosen without branching on values."""

    def __init__(self, chosen: bool = False) -> None:
        super().__init__()
        self.router, self.head, self.chosen = nn.Linear(6, 4), nn.Linear(8, 4), chosen
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(6, 8), nn.ReLU()) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        share = self.router(x).softmax(dim=-1)
        if self.chosen:
            share = functional.one_hot(share.argmax(dim=-1), 4).to(share.dtype) * share
        return self.head(sum(share[:, k : k + 1] * expert(x) for k, expert in enumerate(self.experts)))


class RoutedExperts(Experts):
    """Experts that run on their own examples alone, by indexing."""

    def forward(self, x: Tensor) -> Tensor:
        chosen = self.router(x).argmax(dim=-1)
        hidden = torch.zeros(len(x), 8, dtype=x.dtype)
        for k, expert in enumerate(self.experts):
            place = torch.where(chosen == k)[0]
            hidden = hidden.index_add(0, place, expert(x[place]))
        return self.head(hidden)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.bilinear = nn.Linear(6, 5), nn.Embedding(30, 5), nn.Bilinear(5, 5, 4)

    def forward(self, numbers: Tensor, tokens: Tensor) -> Tensor:
        return self.bilinear(torch.tanh(self.left(numbers)), self.right(tokens).mean(dim=1))


class NestedOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.side = nn.Linear(6, 8), nn.Linear(8, 4), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> dict[str, object]:
        hidden = self.body(x).relu()
        return {"logits": self.head(hidden), "extra": (self.side(hidden), [hidden])}


class Autoencoder(nn.Module):
    def __init__(self, *, tied: bool = False) -> None:
        super().__init__()
        self.down, self.up, self.tied = nn.Linear(6, 3), nn.Linear(3, 6), tied
        if tied:
            del self.up

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.down(x))
        return functional.linear(hidden, self.down.weight.T) if self.tied else self.up(hidden)


class VariationalAutoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.mean, self.log_variance = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 3)
        self.decoder = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 6))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.body(x).relu()
        mean, deviation = self.mean(hidden), (0.5 * self.log_variance(hidden)).exp()
        code = mean + deviation * torch.randn_like(mean) if self.training else mean
        return self.decoder(code)


class Hypernetwork(nn.Module):
    """One network makes the weights of another one."""

    def __init__(self) -> None:
        super().__init__()
        self.context, self.body = nn.Linear(6, 6), nn.Linear(6, 24)

    def forward(self, x: Tensor) -> Tensor:
        made = self.body(torch.tanh(self.context(x))).view(-1, 4, 6)
        return torch.einsum("nij,nj->ni", made, x)


class DeepEnsemble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(dim=0)


class EarlyExits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.exits = nn.ModuleList(nn.Linear(6, 4) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        found = 0.0
        for body, way_out in zip(self.body, self.exits, strict=True):
            x = torch.tanh(body(x))
            found = found + way_out(x)
        return found


class Fourier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(4, dtype=torch.complex64))
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.fft.irfft(torch.fft.rfft(x, dim=-1) * self.filter, n=6))


class Lora(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.base, self.down, self.up = nn.Linear(6, 8), nn.Linear(6, 2, bias=False), nn.Linear(2, 8, bias=False)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.base(x) + 0.5 * self.up(self.down(x))))


class Prototypes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.centres = nn.Linear(6, 5), nn.Parameter(torch.randn(4, 5))

    def forward(self, x: Tensor) -> Tensor:
        return -torch.cdist(self.body(x), self.centres)


class Recommender(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.user, self.item, self.bias = nn.Embedding(30, 6), nn.Embedding(30, 6), nn.Parameter(torch.zeros(1))

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return (self.user(user) * self.item(item)).sum(dim=-1) + self.bias


def _mlp(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 4))


def _named() -> nn.Sequential:
    return nn.Sequential(OrderedDict(first=nn.Linear(6, 8), act=nn.Tanh(), last=nn.Linear(8, 4)))


def _parametrised(function: object) -> nn.Sequential:
    return nn.Sequential(function(nn.Linear(6, 6)), nn.Tanh(), nn.Linear(6, 4))


CASES = (
    Case("linear", lambda: nn.Linear(6, 4), ROWS),
    Case("MLP", lambda: _mlp(nn.ReLU(), nn.Linear(8, 8), nn.ReLU()), ROWS),
    Case("MLP with named parts", _named, ROWS),
    Case("MLP, PReLU and dropout", lambda: _mlp(nn.PReLU(), nn.Dropout(0.5)), ROWS),
    Case(
        "MLP, in-place activations", lambda: _mlp(nn.ReLU(inplace=True), nn.Linear(8, 8), nn.SiLU(inplace=True)), ROWS
    ),
    Case("MLP, BatchNorm1d", lambda: _mlp(nn.BatchNorm1d(8), nn.ReLU()), ROWS),
    Case("MLP, LayerNorm", lambda: _mlp(nn.LayerNorm(8), nn.ReLU()), ROWS),
    Case("MLP, RMSNorm", lambda: _mlp(nn.RMSNorm(8), nn.ReLU()), ROWS),
    Case("regression", lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)), ROWS, "numbers"),
    Case("several labels", lambda: _mlp(nn.ReLU()), ROWS, "labels"),
    Case("residual, norm first", Residual, ROWS),
    Case("residual, norm last", lambda: Residual(pre_norm=False), ROWS),
    Case("gated units", Gated, ROWS),
    Case("parameters of the root module", OwnParameters, ROWS),
    Case("ParameterList and ParameterDict", ParameterBags, ROWS),
    Case("dense mixture of experts", Experts, ROWS),
    Case("mixture, one expert an example", lambda: Experts(chosen=True), ROWS),
    Case("mixture, examples routed by index", RoutedExperts, ROWS),
    Case("two inputs, bilinear", TwoInputs, (ROWS, TOKENS)),
    Case("dict of outputs", NestedOutput, ROWS),
    Case("autoencoder", Autoencoder, ROWS, "numbers"),
    Case("autoencoder, one matrix both ways", lambda: Autoencoder(tied=True), ROWS, "numbers"),
    Case("variational autoencoder", VariationalAutoencoder, ROWS, "numbers"),
    Case("hypernetwork", Hypernetwork, ROWS),
    Case("ensemble of three", DeepEnsemble, ROWS),
    Case("early exits", EarlyExits, ROWS),
    Case("Fourier filter, complex weights", Fourier, ROWS),
    Case("low-rank adapter", Lora, ROWS),
    Case("prototypes and distances", Prototypes, ROWS),
    Case("matrix factorisation", Recommender, (TOKENS[:, 0], TOKENS[:, 1]), "numbers"),
    Case("weight norm", lambda: _parametrised(parametrizations.weight_norm), ROWS),
    Case("orthogonal parametrisation", lambda: _parametrised(parametrizations.orthogonal), ROWS),
)
