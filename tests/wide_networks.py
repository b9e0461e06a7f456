"""Small networks that are wide: most of their layers do not depend on one another."""

from itertools import pairwise

import torch
from torch import nn


def mlp(*widths):
    return nn.Sequential(*(part for sizes in pairwise(widths) for part in (nn.Linear(*sizes), nn.Tanh())))


class TwoTowers(nn.Module):
    """A tower of images and one of texts, layer by layer in turn; where they meet, scores of classes."""

    def __init__(self, depth=4):
        super().__init__()
        self.embedding = nn.Embedding(7, 6)
        self.images = nn.ModuleList(nn.Linear(6, 6) for _ in range(depth))
        self.texts = nn.ModuleList(nn.Linear(6, 6) for _ in range(depth))
        self.head = nn.Linear(6, 4)

    def forward(self, images, texts):
        x, y = images, self.embedding(texts).mean(1)
        for of_images, of_texts in zip(self.images, self.texts, strict=True):
            x = of_images(x)
            y = of_texts(y).tanh()
            x = x.tanh()
        return self.head(x * y)


class DenseExperts(nn.Module):
    """Every expert sees every example; a gate weighs what they say."""

    def __init__(self, num_experts=6):
        super().__init__()
        self.stem, self.gate = nn.Linear(6, 6), nn.Linear(6, num_experts)
        self.experts = nn.ModuleList(mlp(6, 8, 6) for _ in range(num_experts))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = self.stem(x).relu()
        weights = self.gate(x).softmax(1)
        return self.head(torch.stack([expert(x) for expert in self.experts], 1).mul(weights[:, :, None]).sum(1))


class ParallelBranches(nn.Module):
    """Two blocks of branches side by side, over a residual."""

    def __init__(self, num_branches=4):
        super().__init__()
        self.blocks = nn.ModuleList(nn.ModuleList(mlp(6, 5, 6) for _ in range(num_branches)) for _ in range(2))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        for block in self.blocks:
            x = x + sum(branch(x) for branch in block)
        return self.head(x)


def two_inputs(n):
    return {"images": torch.randn(n, 6), "texts": torch.randint(0, 7, (n, 5))}


def row_inputs(n):
    return torch.randn(n, 6)


WIDE = {TwoTowers: two_inputs, DenseExperts: row_inputs, ParallelBranches: row_inputs}
