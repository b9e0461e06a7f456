"""The weights that training starts from."""

from collections.abc import Callable

import torch
from torch import nn

from isthmus.training.seeds import Seeds


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
        torch.default_generator.manual_seed(seeds.stream("initialisation"))
        return build()
