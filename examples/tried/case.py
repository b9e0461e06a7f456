"""A network to try: how it is built, what goes in, and what its loss is, written once more without isthmus."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

N = 6  # examples


@dataclass(frozen=True)
class Case:
    """A network that the table has a row of.

    Attributes:
        name: Its row.
        build: Builds it, with random weights.
        inputs: One batch: a tensor, a tuple by position, a dict by keyword.
        task: What its outputs are: "classes", "tokens", "numbers", "labels" or "pixels".
        kind: Under which heading it stands.
        output: Which of several outputs is measured; None for the usual one.
    """

    name: str
    build: Callable[[], nn.Module] = field(repr=False)
    inputs: Any = field(repr=False)
    task: str = "classes"
    kind: str = "own"
    output: str | None = None


LOSSES = {
    "classes": "cross_entropy",
    "tokens": "cross_entropy",
    "numbers": "squared_error",
    "labels": "binary_cross_entropy",
    "pixels": "cross_entropy",
}


def targets_of(task: str, outputs: Tensor) -> Tensor:
    """Random targets that fit the outputs.

    Args:
        task: Of a case.
        outputs: Of its network.

    Returns:
        One target an example.
    """
    random = torch.Generator().manual_seed(5)
    if task == "classes":
        return torch.randint(outputs.shape[1], (len(outputs),), generator=random)
    if task == "tokens":
        return torch.randint(outputs.shape[2], outputs.shape[:2], generator=random)
    if task == "pixels":
        return torch.randint(outputs.shape[1], (len(outputs), *outputs.shape[2:]), generator=random)
    if task == "labels":
        return torch.randint(2, outputs.shape, generator=random)
    return torch.randn(outputs.shape, generator=random)


def plain_loss(task: str, outputs: Tensor, targets: Tensor) -> float:
    """The mean loss of a batch, by torch alone.

    Args:
        task: Of a case.
        outputs: Of its network.
        targets: From `targets_of`.

    Returns:
        What `isthmus.measure` should print.
    """
    if task == "tokens":
        return float(functional.cross_entropy(outputs.flatten(0, 1), targets.flatten()))
    if task == "numbers":
        return float((outputs - targets).square().sum() / len(outputs))
    if task == "labels":
        return float(functional.binary_cross_entropy_with_logits(outputs, targets.float()))
    return float(functional.cross_entropy(outputs, targets))


def random_rows(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers, one row an example."""
    return torch.randn(N, *shape, generator=torch.Generator().manual_seed(seed))


def random_tokens(length: int = 7, vocabulary: int = 30, seed: int = 0) -> Tensor:
    """Token numbers from 3 on, so that none is padding or an end."""
    return torch.randint(3, vocabulary, (N, length), generator=torch.Generator().manual_seed(seed))


def random_mask(length: int = 7) -> Tensor:
    """Ones, and zeros at the end of every other example."""
    mask = torch.ones(N, length, dtype=torch.long)
    mask[1::2, -2:] = 0
    return mask
