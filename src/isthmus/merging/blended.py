"""Two networks that fit together, and the network between them, whose entries are made when they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.layers.partition import LayerPartition
from isthmus.paths.linear import Segment
from isthmus.weights.casting import cast_when_read
from isthmus.weights.made_when_read import MadeWhenRead, layout_of
from isthmus.weights.parametrisation import spectral_norms
from isthmus.weights.state import Kind, StateDict, is_blendable


@dataclass(frozen=True)
class Pair:
    """Two networks of equal keys and shapes.

    Attributes:
        a: The host's weights.
        b: The donor's.
        names: What to call the two.
        hashes: Their content hashes.
        layers: The partition of their keys.
        kinds: The kind of each key.
        ties: Groups of keys that are one tensor.
        module: The model, where it is known.
        filled: Keys that the host's file lacks, since they are tied to others.
        notes: What was done on reading the two.
    """

    a: StateDict
    b: StateDict
    names: tuple[str, str]
    hashes: tuple[str, str]
    layers: LayerPartition
    kinds: Mapping[str, Kind]
    ties: Sequence[tuple[str, ...]]
    module: nn.Module | None
    filled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def wide(self) -> tuple[StateDict, StateDict]:
        """Both networks in the type that blends are computed in: float32, or float64 where one entry is so wide."""
        tensors = (tensor for weights in (self.a, self.b) for tensor in layout_of(weights).values())
        has_double = any(tensor.dtype in {torch.float64, torch.complex128} for tensor in tensors)
        dtype = torch.float64 if has_double else torch.float32
        return cast_when_read(self.a, dtype), cast_when_read(self.b, dtype)

    def num_parameters(self, labels: Sequence[str]) -> int:
        """How many numbers there are in some layers, integers apart."""
        tensors = (layout_of(self.a)[key] for label in labels for key in self.layers[label])
        return sum(tensor.numel() for tensor in tensors if is_blendable(tensor))

    def facts(self, alphas: Mapping[str, float], batch_norm: str) -> dict[str, Any]:
        """From what a network between the two is made, as plain values."""
        return {
            "isthmus_version": version("isthmus"),
            "a": self.names[0],
            "b": self.names[1],
            "hash_a": self.hashes[0],
            "hash_b": self.hashes[1],
            "batch_norm": batch_norm,
            "alphas": dict(alphas),
        }


def blended(pair: Pair, alphas: Mapping[str, float], *, keeps_statistics: bool = False) -> MadeWhenRead:
    """Network a with layers taken part of the way to network b, in its types.

    Args:
        pair: The two networks.
        alphas: Layer -> alpha; the others are a's.
        keeps_statistics: Whether running statistics stay a's.

    Returns:
        A state dict that takes no memory: an entry is computed when it is read, as a measurement computes it.
    """
    a, b = pair.wide
    segment = Segment.between(
        a, b, pair.layers, pair.kinds, keeps_statistics=keeps_statistics, hashes=pair.hashes, ties=pair.ties,
        spectral=spectral_norms(pair.module) if pair.module is not None else (),
    )  # fmt: skip
    versions = {
        label: segment.point("a", (label,) if label in alphas else (), alphas.get(label, 0.0)).versions[place]
        for place, label in enumerate(pair.layers)
    }
    layers = {key: label for label in pair.layers for key in pair.layers[label]}

    def entry(key: str) -> Tensor:
        if pair.kinds[key] is Kind.COUNTER:
            return pair.a[key]
        dtype = layout_of(pair.a)[key].dtype
        return segment.entry(layers[key], versions[layers[key]], key, dtype if dtype.is_floating_point else None)

    return MadeWhenRead(layout_of(pair.a), entry)
