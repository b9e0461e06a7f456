"""Small networks that a naive cut into layers would get wrong, each awkward in one way."""

import torch
from torch import nn
from torch.nn import functional


class LayerUsedTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.twice, self.last = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, x):
        return self.last(self.twice(functional.gelu(self.twice(self.first(x)))))


class BranchesJoinLate(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(6, 6)
        self.left = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
        self.right = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
        self.last = nn.Linear(12, 4)

    def forward(self, x):
        x = self.stem(x)
        left, right = self.left(x), self.right(x)
        return self.last(torch.cat([left, right, x], dim=1))


class OutOfRegistrationOrder(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.middle, self.first = nn.Linear(5, 4), nn.Linear(5, 5), nn.Linear(6, 5)

    def forward(self, x):
        return self.last(self.middle(self.first(x).relu()).relu())


class ListOfModules(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))
        self.scale = nn.Parameter(torch.ones(6))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        for number, block in enumerate(self.blocks):
            x = x + (number + 1) * block(x * self.scale).sigmoid()
        return {"hidden": x, "logits": self.head(x)}


class DecidesByData(nn.Module):
    """Its `forward` branches on a value, so it cannot be exported; and it writes to its inputs."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, x):
        x.mul_(2)
        hidden = self.first(x)
        return self.last(hidden if hidden.sum() > 0 else -hidden)


class LoopsOverExamples(nn.Module):
    """Its graph depends on the number of examples."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 4)

    def forward(self, x):
        return torch.stack([self.last(row) for row in x])


class CountsExamples(nn.Module):
    """`len(x)` is a plain number to the exporter that is tried first."""

    def __init__(self):
        super().__init__()
        self.token, self.last = nn.Parameter(torch.randn(1, 6)), nn.Linear(6, 4)

    def forward(self, x):
        return self.last(x + self.token.expand(len(x), -1))


class InPlaceOnResidual(nn.Module):
    """A residual branch whose skip, inputs and sums are all overwritten, across the layers' borders."""

    def __init__(self):
        super().__init__()
        self.stem, self.inner, self.shortcut = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.norm = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(3, 4)

    def forward(self, x):
        x -= 0.1
        x = self.relu(self.stem(x))
        out = self.inner(x)
        skip = self.shortcut(x)
        out += skip
        x.mul_(0.5)
        out = self.norm(self.relu(out)) + x
        return self.fc(self.relu(out).mean((2, 3)))


class InPlaceThroughViews(nn.Module):
    """A tensor is changed through a view of it that was taken in an earlier layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(6, 6), nn.Linear(6, 3), nn.Linear(6, 4)

    def forward(self, x):
        hidden = self.first(x)
        view = hidden[:, :3]
        view += self.second(hidden)
        hidden[:, 4] = 1.0
        return self.third(hidden)


class InPlaceThroughLaterView(InPlaceThroughViews):
    """A tensor of an earlier layer is changed through a view taken now, and read under its own name by a later one."""

    def forward(self, x):
        hidden = self.first(x)
        update = self.second(hidden)
        hidden[:, :3] += update
        return self.third(hidden)


class BuffersOfAllKinds(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 4)
        self.register_buffer("shift", torch.randn(6))
        self.register_buffer("order", torch.randperm(6))
        self.register_buffer("scale", torch.rand(6), persistent=False)
        self.plain = torch.rand(6)

    def forward(self, x):
        x = self.first(x * self.scale) + self.shift
        return self.last(x[:, self.order] * self.plain + torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))


class TiedEmbedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.middle, self.head = nn.Embedding(7, 6), nn.Linear(6, 6), nn.Linear(6, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.middle(self.embedding(tokens)).mean(1))


@torch.library.custom_op("isthmus_tests::secretly_doubled", mutates_args=())
def secretly_doubled(x: torch.Tensor) -> torch.Tensor:
    x.mul_(2)
    return x.clone()


@secretly_doubled.register_fake
def _(x):
    return torch.empty_like(x)


class WritesInSecret(nn.Module):
    """An operator that changes its argument although its schema says that it does not."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, x):
        hidden = self.first(x)
        logits = self.last(hidden)
        return logits + torch.ops.isthmus_tests.secretly_doubled(hidden)[:, :4]


def row_inputs(n):
    return torch.randn(n, 6)


def image_inputs(n):
    return torch.randn(n, 3, 8, 8)


def token_inputs(n):
    return torch.randint(0, 7, (n, 5))


AWKWARD = {
    LayerUsedTwice: row_inputs,
    CountsExamples: row_inputs,
    BranchesJoinLate: row_inputs,
    OutOfRegistrationOrder: row_inputs,
    ListOfModules: row_inputs,
    InPlaceOnResidual: image_inputs,
    InPlaceThroughViews: row_inputs,
    InPlaceThroughLaterView: row_inputs,
    BuffersOfAllKinds: row_inputs,
    TiedEmbedding: token_inputs,
}
NOT_CUT = {DecidesByData: row_inputs, LoopsOverExamples: row_inputs, WritesInSecret: row_inputs}
