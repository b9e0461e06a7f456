"""Two small networks with BatchNorm that average in part, and examples to choose and certify layers on."""

import torch
from cases import Case
from torch import nn


def build():
    blocks = [part for n in (3, 4, 4) for part in (nn.Conv2d(n, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(144, 5))


NET = Case("net", build, (3, 6, 6), classes=5)
A = NET.weights(0)
OTHER = NET.weights(1)
B = {key: torch.lerp(A[key], OTHER[key], 0.3) if A[key].is_floating_point() else A[key] for key in A}


def seen_by_a(count, seed, weights=A):
    """Examples whose classes are those that network a sees, so that leaving it costs."""
    model = build().eval()
    model.load_state_dict(weights)
    inputs, _ = NET.data(count, seed)
    return inputs, model(inputs).argmax(1)


SELECT, CERTIFY = seen_by_a(150, seed=1), seen_by_a(140, seed=2)
COSTS = {"tolerance": 0.2, "by": "count"}
