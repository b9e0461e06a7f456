"""A partition of a network's keys into layers that are analysed together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from isthmus.errors import InputError, UnknownNameError, short_list
from isthmus.weights.state import StateDict


@dataclass(frozen=True, init=False)
class LayerPartition:
    """Layers as named groups of keys; every key stands in exactly one.

    `split` and `join` undo each other: `partition.join(partition.split(weights))` has the entries of `weights`.

    Attributes:
        layers: Label of a layer -> its keys. The order of the labels is the order of the layers.
        rule: How the partition was made, for the record.

    Raises:
        InputError: A key stands in two layers, or a layer has no key.

    Example:
        >>> partition = LayerPartition({"body": ["w1", "w2"], "head": ["w3"]})
        >>> partition["head"]
        ('w3',)
    """

    layers: Mapping[str, tuple[str, ...]]
    rule: str

    def __init__(self, layers: Mapping[str, Iterable[str]], rule: str = "given") -> None:
        frozen = {label: tuple(keys) for label, keys in layers.items()}
        owner: dict[str, str] = {}
        for label, keys in frozen.items():
            if not keys:
                raise InputError("at least one key in every layer", "none", f"layer {label!r}", "leave that layer out")
            for key in keys:
                if key in owner:
                    raise InputError(
                        "every key in one layer",
                        f"{key!r} in {owner[key]!r} and in {label!r}",
                        "the layer partition",
                        "take it out of one of them",
                    )
                owner[key] = label
        object.__setattr__(self, "layers", MappingProxyType(frozen))
        object.__setattr__(self, "rule", rule)

    def __getitem__(self, label: str) -> tuple[str, ...]:
        if label not in self.layers:
            raise UnknownNameError("a layer", label, self.layers, "this partition")
        return self.layers[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def split(self, weights: StateDict) -> dict[str, dict[str, Tensor]]:
        """The weights of each layer, by its label.

        Args:
            weights: A state dict with exactly the keys of this partition.

        Returns:
            Label -> (key -> tensor); tensors are shared.
        """
        self.check_covers(weights)
        return {label: {key: weights[key] for key in keys} for label, keys in self.layers.items()}

    def join(self, parts: Mapping[str, StateDict]) -> dict[str, Tensor]:
        """The state dict made of the weights of every layer: the inverse of `split`.

        Args:
            parts: Label -> weights of that layer.

        Returns:
            One state dict, in the order of the layers.
        """
        weights = {key: tensor for label in self.layers for key, tensor in parts[label].items()}
        self.check_covers(weights)
        return weights

    def check_covers(self, keys: Iterable[str], tied: Iterable[tuple[str, ...]] = ()) -> None:
        """Refuse keys that stand in no layer, layers with unknown keys, and torn groups of keys that belong together.

        Args:
            keys: All keys of the network.
            tied: Groups of keys that belong together: one tensor, or a weight and what its normalisation stores.

        Raises:
            InputError: The partition does not cover the network exactly once, or tears a tie apart.
        """
        mine = {key for group in self.layers.values() for key in group}
        theirs = set(keys)
        if mine != theirs:
            raise InputError(
                "layers that cover every key of the network once",
                f"not covered: {short_list(sorted(theirs - mine))}; unknown: {short_list(sorted(mine - theirs))}",
                "the layer partition",
                "name every key in exactly one layer (isthmus inspect lists them)",
            )
        owner = {key: label for label, group in self.layers.items() for key in group}
        for group in tied:
            if len({owner[key] for key in group}) > 1:
                raise InputError(
                    "tied keys in one layer",
                    f"{short_list(group)} in layers {short_list(owner[key] for key in group)}",
                    "the layer partition",
                    "put these keys into one layer: they are one tensor, or parts of one weight",
                )

    def ordered(self, labels: Sequence[str]) -> "LayerPartition":
        """The same layers in another order.

        Args:
            labels: Every label once.

        Returns:
            A partition whose layers follow `labels`.
        """
        assert sorted(labels) == sorted(self.layers)
        return LayerPartition({label: self.layers[label] for label in labels}, self.rule)
