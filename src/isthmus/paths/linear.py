"""The straight segment between two networks, layer by layer."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from isthmus.layers.partition import LayerPartition
from isthmus.paths.host import Host
from isthmus.paths.point import Blend, Direction, Displaced, Point, Version
from isthmus.weights.casting import cast_tensor, cast_weights, entry_as, on_device, stored_in
from isthmus.weights.interpolation import complement, interpolation, rounded_interpolation
from isthmus.weights.made_when_read import layout_of
from isthmus.weights.parametrisation import SpectralNorm
from isthmus.weights.state import Kind, StateDict, content_hash, same_bits


@dataclass(frozen=True)
class Segment:
    """Two networks in canonical order, and every network between them.

    The network of the smaller content hash is the *first*. Every blend is computed from first to second, so both hosts
    share it and exchanging a and b changes no bit.

    Attributes:
        first: Weights at position 0.
        second: Weights at position 1.
        position_a: 0 if network a is the first, else 1.
        layers: The partition of their keys.
        kinds: The kind of each key.
        keeps_statistics: Whether running statistics stay the host's (BatchNorm policy `host`).
        differing_integers: Layers whose integer buffers (step counters apart) differ between the networks.
        tied: Key -> the key that stands for it, for parameters that are one tensor under several keys.
        spectral: Layer -> its spectral normalisations. Their vectors are the networks' own at the ends and computed
            from the weights everywhere else, since a mean of unit vectors is none.
        vectors: Those that were computed; they are small, and used for every batch.
    """

    first: StateDict
    second: StateDict
    position_a: int
    layers: LayerPartition
    kinds: Mapping[str, Kind]
    keeps_statistics: bool = False
    differing_integers: frozenset[str] = field(default=frozenset())
    tied: Mapping[str, str] = field(default_factory=dict)
    spectral: Mapping[str, tuple[SpectralNorm, ...]] = field(default_factory=dict)
    vectors: dict[tuple[str, Version], dict[str, Tensor]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def between(
        cls,
        a: StateDict,
        b: StateDict,
        layers: LayerPartition,
        kinds: Mapping[str, Kind],
        *,
        keeps_statistics: bool = False,
        hashes: tuple[str, str] | None = None,
        ties: Iterable[tuple[str, ...]] = (),
        spectral: Iterable[SpectralNorm] = (),
    ) -> "Segment":
        """The segment between two state dicts of equal keys and shapes.

        Args:
            a: One network.
            b: The other.
            layers: Partition of their keys.
            kinds: From `isthmus.weights.state.entry_kinds`.
            keeps_statistics: Whether BatchNorm's running statistics stay the host's.
            hashes: Content hashes of a and b where they are known; computed otherwise.
            ties: Groups of keys that are one tensor.
            spectral: From `isthmus.weights.parametrisation.spectral_norms`.

        Returns:
            The pair in canonical order. Tensors are shared, never written to.
        """
        hash_a, hash_b = hashes or (content_hash(a), content_hash(b))
        swapped = hash_b < hash_a
        differing = frozenset(
            label
            for label, keys in layers.layers.items()
            if any(kinds[key] is Kind.INTEGER_BUFFER and not same_bits(a[key], b[key]) for key in keys)
        )
        first, second = (b, a) if swapped else (a, b)
        tied = {key: group[0] for group in ties for key in group[1:]}
        norms = tuple(spectral)
        of_layers = {
            label: tuple(norm for norm in norms if norm.u in keys)
            for label, keys in layers.layers.items()
            if any(norm.u in keys for norm in norms)
        }
        return cls(first, second, int(swapped), layers, kinds, keeps_statistics, differing, tied, of_layers)

    def point(self, host: Host, moving: Collection[str], alpha: float) -> Point:
        """The host with the moving layers taken at alpha of the way to the donor.

        Args:
            host: "a" or "b": the network at alpha = 0.
            moving: Labels of the layers that leave the host.
            alpha: 0 is the host, 1 has the donor's moving layers.

        Returns:
            One version for each layer.
        """
        home = self.position_a if host == "a" else 1 - self.position_a
        # 1 - alpha in decimal, so that both hosts meet in the same point.
        away = float(alpha) if home == 0 else complement(alpha)
        moving = frozenset(moving)

        def version(label: str) -> Blend:
            position = away if label in moving else float(home)
            statistics = float(home) if self.keeps_statistics else position
            # Where integers agree both hosts are one point, which is evaluated once.
            return Blend(position, statistics, home if label in self.differing_integers else 0)

        return Point(tuple(version(label) for label in self.layers))

    def displaced(
        self, host: Host, moving: Collection[str], direction: Direction, scale: float, base: Point | None = None
    ) -> Point:
        """The host with the moving layers moved away along a direction.

        Args:
            host: "a" or "b".
            moving: Labels of the layers that leave the host.
            direction: Where to.
            scale: How far, in lengths of the direction.
            base: The network that is left, where it is another one than the host.

        Returns:
            The host itself at scale 0.
        """
        start = base or self.point(host, (), 0.0)
        # A displacement by nothing would be a second point for the same network.
        if scale == 0:
            return start
        moving = frozenset(moving)
        return Point(
            tuple(
                Displaced(version, direction, scale) if label in moving else version  # type: ignore[arg-type]
                for label, version in zip(self.layers, start.versions, strict=True)
            )
        )

    def parameters(self, moving: Collection[str]) -> tuple[str, ...]:
        """The parameters of some layers, each tensor once.

        Args:
            moving: Labels of layers.

        Returns:
            Keys; of tied ones the one that stands for all.
        """
        keys = (key for label in self.layers if label in set(moving) for key in self.layers[label])
        return tuple(key for key in keys if self.kinds[key] is Kind.PARAMETER and key not in self.tied)

    def layer_weights(self, label: str, version: Version, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """The weights of one layer at a version.

        Args:
            label: The layer.
            version: Its place on the segment, or beside it.
            dtype: The floating-point type to round to, an entry at a time; None for that of the computation.

        Returns:
            Key -> tensor; at the segment's ends the networks' own tensors, not copies, where they are of the type.
        """
        if label in self.spectral and dtype is not None:
            # The vectors of spectral normalisation are computed from weights that are not rounded yet.
            return cast_weights(self.layer_weights(label, version), dtype)
        made: dict[str, Tensor] = {}
        # The vectors of spectral normalisation belong to all weights of the host's layer.
        whole = isinstance(version, Displaced) and label in self.spectral
        host = self.layer_weights(label, version.host) if whole else {}  # type: ignore[union-attr]
        for key in self.layers[label]:
            same = self.tied.get(key, key)
            if same in made and self._is_one_tensor(key, same):
                made[key] = made[same]
            elif isinstance(version, Displaced):
                moved = self._displaced(key, host[key] if whole else self._entry(key, version.host), version)
                made[key] = moved if dtype is None else cast_tensor(moved, dtype)
            else:
                made[key] = self._entry(key, version, dtype)
        return made | self._vectors_at(label, version, made) if label in self.spectral else made

    def entry(self, label: str, version: Version, key: str, dtype: torch.dtype | None = None) -> Tensor:
        """One tensor of a layer at a version; only this one is made, where the layer has no spectral normalisation.

        Args:
            label: The layer.
            version: Its place on the segment, or beside it.
            key: Of the tensor.
            dtype: As for `layer_weights`.

        Returns:
            As `layer_weights`.
        """
        if isinstance(version, Blend) and label not in self.spectral:
            return self._entry(key, version, dtype)
        return self.layer_weights(label, version, dtype)[key]

    def weights(self, point: Point, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """The whole state dict at a point.

        Args:
            point: From `point`.
            dtype: The floating type to round to, an entry at a time, so that the blend is never there in two types.

        Returns:
            Key -> tensor for every key.
        """
        made: dict[str, Tensor] = {}
        for label, version in zip(self.layers, point.versions, strict=True):
            made |= self.layer_weights(label, version, dtype)
        return made

    def to(self, device: torch.device) -> "Segment":
        """The same segment with both networks on a device.

        Args:
            device: Where to hold them.

        Returns:
            A segment with equal points.
        """
        first, second = (on_device(weights, device) for weights in (self.first, self.second))
        # The vectors found so far are on the old device.
        return replace(self, first=first, second=second, vectors={})

    def _vectors_at(self, label: str, version: Version, weights: StateDict) -> dict[str, Tensor]:
        # The two networks are measured as they are, with their stored vectors (docs/decisions.md, Weights and files).
        if isinstance(version, Blend) and version.position in {0, 1}:
            return {}
        if (label, version) not in self.vectors:
            found: dict[str, Tensor] = {}
            for norm in self.spectral[label]:
                is_still = all(same_bits(self.first[key], self.second[key]) for key in norm.keys)
                if isinstance(version, Displaced) or not is_still:
                    found |= norm.vectors({**weights, **found})
            self.vectors[label, version] = found
        return self.vectors[label, version]

    def _is_one_tensor(self, key: str, other: str) -> bool:
        ends = (stored_in(self.first), stored_in(self.second))
        pairs = ((weights[key], weights[other]) for weights in ends)
        return all((x.data_ptr(), x.stride()) == (y.data_ptr(), y.stride()) for x, y in pairs)

    def _displaced(self, key: str, tensor: Tensor, version: Displaced) -> Tensor:
        if self.kinds[key] is not Kind.PARAMETER:
            return tensor
        # One tensor under two names moves once, in one direction.
        part = version.direction.part(self.tied.get(key, key), tensor)
        return torch.add(tensor, part, alpha=version.scale)

    def _entry(self, key: str, version: Blend, dtype: torch.dtype | None = None) -> Tensor:
        kind = self.kinds[key]
        if kind in {Kind.INTEGER_BUFFER, Kind.COUNTER}:
            return (self.first, self.second)[version.integers][key]
        position = version.statistics if kind is Kind.STATISTICS else version.position
        wide, ends = layout_of(self.first)[key].dtype, (self.first, self.second)
        if position in {0, 1}:
            return entry_as(ends[int(position)], key, dtype or wide)
        if not wide.is_floating_point:
            return interpolation(self.first[key], self.second[key], position)
        first, second = (stored_in(end)[key] for end in ends)
        return rounded_interpolation(first, second, position, wide, dtype or wide)
