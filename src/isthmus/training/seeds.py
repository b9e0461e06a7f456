"""Where chance enters training: three sources, each with a seed of its own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

Source = Literal["initialisation", "order", "augmentation"]


@dataclass(frozen=True)
class Seeds:
    """One seed for each source of chance, so that one can change while the others stay.

    Equal numbers give unrelated streams: each seed is hashed together with the name of its source.

    Attributes:
        initialisation: The weights that training starts from.
        order: The order of the examples in every epoch.
        augmentation: What happens to examples on their way through the network: dropout.
    """

    initialisation: int = 0
    order: int = 0
    augmentation: int = 0

    def stream(self, source: Source) -> int:
        """The number that seeds the generator of a source.

        Args:
            source: One of the three.

        Returns:
            An integer of 63 bits.

        Example:
            >>> Seeds(order=1).stream("order") == Seeds(order=1).stream("augmentation")
            False
        """
        seed: int = getattr(self, source)
        return int.from_bytes(hashlib.sha256(f"{source}:{seed}".encode()).digest()[:8], "big") >> 1


def make_initial_model(build: Callable[[], nn.Module], seeds: Seeds) -> nn.Module:
    """Build a network whose initial weights depend on the initialisation seed alone.

    PyTorch's own random state is as before afterwards.

    Args:
        build: Builds the network, on the CPU.
        seeds: The seeds; only `initialisation` is used.

    Returns:
        The network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.stream("initialisation"))
        return build()
