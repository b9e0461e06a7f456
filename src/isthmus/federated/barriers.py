"""Barriers between clients' networks, layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from isthmus.data.examples import Examples
from isthmus.federated.rules.rule import Barriers
from isthmus.layers.partition import LayerPartition
from isthmus.measures.estimate import Estimate
from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class ClientBarrier:
    """The barrier of one layer between two clients.

    Attributes:
        host: The client whose other layers stay.
        donor: The client that lends the layer.
        layer: Its label.
        barrier: In nats.
    """

    host: int
    donor: int
    layer: str
    barrier: Estimate


def client_barriers(
    model: nn.Module, networks: Mapping[int, StateDict], examples: Examples, *, layers: LayerPartition, pairs: str
) -> list[ClientBarrier]:
    """The barrier of every layer between clients.

    Args:
        model: The network.
        networks: By client.
        examples: What is measured on.
        layers: Of the network.
        pairs: "ring" or "all".

    Returns:
        Both hosts of every pair, layer by layer.

    Raises:
        NotImplementedError: Always: being built.
    """
    raise NotImplementedError


def measured_of(barriers: Sequence[ClientBarrier]) -> dict[int, Barriers]:
    """What a rule is told of barriers.

    Args:
        barriers: As measured.

    Returns:
        Client -> layer -> the largest.
    """
    del barriers
    return {}
