"""A soup: which layers of a network are averaged with which donors. Two networks are the soup of one donor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from isthmus.merging.blended import Pair, blended
from isthmus.merging.search.trials import Layers
from isthmus.runs.request.inputs import NamedWeights
from isthmus.weights.state import StateDict, content_hash

Soup = tuple[Layers, ...]
"""Of every donor, in the order in which they are taken, the layers that it joins."""


def layers_of(soup: Soup) -> Layers:
    """The layers that at least one donor joins.

    Args:
        soup: The soup.

    Returns:
        Their labels.
    """
    return frozenset().union(*soup)


def share_of(soup: Soup, worth: Mapping[str, float]) -> float:
    """How much of all that the donors could give is in the soup.

    Args:
        soup: The soup.
        worth: Of each layer.

    Returns:
        The worth of every donor's layers over that of all layers of all donors; 0 where nothing is worth anything.

    Example:
        >>> share_of((frozenset({"conv", "fc"}), frozenset({"fc"})), {"conv": 3.0, "fc": 1.0})
        0.625
    """
    total = sum(worth.values()) * len(soup)
    return sum(worth[label] for layers in soup for label in worth if label in layers) / total if total else 0.0


def joining_alphas(soup: Soup, labels: Sequence[str]) -> dict[str, float]:
    """Where each layer is taken between a soup and one more donor, so that it is the plain mean of all that are in it.

    The layer of a soup is the mean of m networks, the host among them. With one more it is that mean + 1 / (m + 1) of
    the way to the donor.

    Args:
        soup: Without the donor.
        labels: Of all layers.

    Returns:
        Label -> 1 / (m + 1).

    Example:
        >>> joining_alphas((frozenset({"fc"}), frozenset()), ["conv", "fc"])
        {'conv': 0.5, 'fc': 0.3333333333333333}
    """
    return {label: 1 / (2 + sum(label in layers for layers in soup)) for label in labels}


def soup_network(pair: Pair, donors: Sequence[NamedWeights], soup: Soup, *, keeps_statistics: bool) -> StateDict:
    """The network of a soup, in the type that blends are computed in: donors join one after another.

    Args:
        pair: The host, and whatever tells of its layers.
        donors: In the order in which they are taken.
        soup: What they join.
        keeps_statistics: Whether running statistics stay the host's.

    Returns:
        A state dict in memory; without a donor the host's own tensors.
    """
    running, before = pair.wide[0], Soup()
    for donor, layers in zip(donors, soup, strict=True):
        if layers:
            hashes = (content_hash(running), donor.hash)
            joined = replace(pair, a=running, b=donor.weights, hashes=hashes)
            alphas = joining_alphas(before, tuple(pair.layers))
            taken = {label: alphas[label] for label in pair.layers if label in layers}
            running = dict(blended(joined, taken, keeps_statistics=keeps_statistics))
        before = (*before, layers)
    return running


def laid_out_like(weights: StateDict, other: StateDict) -> dict[str, Tensor]:
    """Weights on the device, in the type and in the memory format of others.

    Args:
        weights: Any.
        other: Of the same keys and shapes.

    Returns:
        New tensors.
    """
    return {key: torch.empty_like(tensor).copy_(weights[key]) for key, tensor in other.items()}
