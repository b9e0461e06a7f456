"""The weighted mean of several networks over chosen layers. `isthmus.paths.linear.Segment` is the case of two."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.layers.partition import LayerPartition
from isthmus.weights.state import Kind, StateDict, structure_difference

NUMBERS = 2**20
"""Of all networks together at a time: a layer of a hundred networks would take ten gigabytes at once."""
FEW = 20
"""Networks; sorting by whole rows takes a quarter of `sort`'s time for 4 of them, half for 20, as much for 50."""


def weighted_mean(tensors: Sequence[Tensor], counts: Sequence[float]) -> Tensor:
    """The mean sum_i c_i w_i / sum_i c_i, number by number.

    Products and sums are float64, terms are added from the smallest up, and the sum is divided once: the order of the
    networks changes no bit, and equal tensors give themselves, whatever the counts.

    Args:
        tensors: At least one, of one shape and floating-point type.
        counts: As many, at least 0 and not all 0: examples of each client, say.

    Returns:
        A tensor of their type.

    Example:
        >>> weighted_mean([torch.tensor([0.0]), torch.tensor([4.0])], [3, 1])
        tensor([1.])
    """
    weights = torch.tensor(list(counts), dtype=torch.float64, device=tensors[0].device)
    size = max(1, NUMBERS // len(tensors))
    parts = zip(*(torch.split(tensor.reshape(-1), size) for tensor in tensors), strict=True)
    return torch.cat([_mean_of_numbers(part, weights) for part in parts]).view(tensors[0].shape)


def _mean_of_numbers(vectors: Sequence[Tensor], weights: Tensor) -> Tensor:
    wide = torch.stack([vector.to(torch.float64) for vector in vectors])
    # Plus zero, since of zeros of two signs either could be called the smaller one.
    smallest, *others = _ascending(wide * weights[:, None] + 0.0)
    total = smallest
    for term in others:
        total = total + term
    mean = total / weights.sort().values.sum()
    bits = wide.view(torch.int64)
    is_one = (bits == bits[0]).all(dim=0)  # also infinities, and without rounding
    return torch.where(is_one, wide[0], mean).to(vectors[0].dtype)


def _ascending(rows: Tensor) -> list[Tensor]:
    """The numbers of each column in ascending order: rows of the smallest, the next, ..."""
    if len(rows) > FEW:
        return list(rows.sort(dim=0).values)
    found = list(rows)
    for sweep in range(len(found)):  # odd-even transposition sort: neighbours swap, from either parity in turn
        for i in range(sweep % 2, len(found) - 1, 2):
            found[i], found[i + 1] = torch.minimum(found[i], found[i + 1]), torch.maximum(found[i], found[i + 1])
    return found


def average_networks(
    networks: Sequence[StateDict],
    layers: LayerPartition,
    kinds: Mapping[str, Kind],
    *,
    averaged: Collection[str] | None = None,
    counts: Sequence[float] | None = None,
    private_statistics: bool = False,
) -> dict[str, Tensor]:
    """The first network with the weighted mean of all in the chosen layers.

    Running statistics are averaged with their layer, or stay the first network's. Integer entries (step counters,
    index buffers) are always the first network's: a mean of counts is none.

    Args:
        networks: At least one, with equal keys and shapes.
        layers: Partition of their keys.
        kinds: From `isthmus.weights.state.entry_kinds`.
        averaged: Labels of layers; None for all.
        counts: The weight of each network; None for equal ones.
        private_statistics: Whether running statistics stay the first network's.

    Returns:
        A state dict; what is not averaged is shared with the first network.

    Raises:
        InputError: Keys or shapes differ, a label is none of the layers, or counts are no weights.
    """
    counts = [1.0] * len(networks) if counts is None else list(counts)
    if not networks or len(counts) != len(networks) or min(counts) < 0 or not 0 < sum(counts) < float("inf"):
        raise InputError(
            "a count of at least 0 for each network, and one above 0", f"{counts}", "counts", "give numbers of examples"
        )
    for number, network in enumerate(networks[1:], start=1):
        if difference := structure_difference(network, networks[0]):
            raise InputError(
                "networks of equal keys and shapes", str(difference), f"network {number}", "give one model's"
            )
    chosen = set(layers) if averaged is None else {label for label in averaged if layers[label]}
    kept = {Kind.INTEGER_BUFFER, Kind.COUNTER} | ({Kind.STATISTICS} if private_statistics else set())
    mean = dict(networks[0])
    for label in layers:
        for key in layers[label] if label in chosen else ():
            if kinds[key] not in kept:
                mean[key] = weighted_mean([network[key] for network in networks], counts)
    return mean
