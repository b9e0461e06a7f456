"""What a search and its certificate come to, for two networks and for more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from isthmus.merging.blended import Pair, blended
from isthmus.merging.search.certificate import Certificate
from isthmus.merging.search.comparison import Contender
from isthmus.merging.search.selection import Selection
from isthmus.merging.search.soup import Soup, soup_network
from isthmus.runs.request.inputs import NamedWeights
from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        donors: In the order in which they were taken.
        selections: The search, one a donor.
        soups: What was tested, one a test of the certificate.
        certificate: The tests.
        contenders: What else could have been done.
        worth: Of every layer.
        alphas: Where each layer is taken between two networks; empty for more, whose mean it is.
        engine: How it was computed, in words.
        notes: What may be other than it seems.
    """

    donors: tuple[NamedWeights, ...]
    selections: tuple[Selection, ...]
    soups: tuple[Soup, ...]
    certificate: Certificate
    contenders: tuple[Contender, ...]
    worth: Mapping[str, float]
    alphas: Mapping[str, float]
    engine: str
    notes: tuple[str, ...] = ()

    @property
    def merged(self) -> Soup:
        """The largest soup that was certified; no layers where none was."""
        passed = [soup for soup, test in zip(self.soups, self.certificate.tests, strict=True) if test.passed]
        return passed[-1] if passed else tuple(frozenset[str]() for _ in self.donors)

    @property
    def taken(self) -> dict[str, float]:
        """Of two networks the alphas of the layers that are averaged."""
        (layers,) = self.merged
        return {label: alpha for label, alpha in self.alphas.items() if label in layers}

    def network(self, pair: Pair, *, keeps_statistics: bool) -> StateDict:
        """The merged network in the type that blends are computed in.

        Args:
            pair: The host and, of two networks, the donor.
            keeps_statistics: Whether running statistics stay the host's.

        Returns:
            A state dict; of two networks its entries are made when they are read.
        """
        if len(self.donors) == 1:
            return blended(replace(pair, a=pair.wide[0]), self.taken, keeps_statistics=keeps_statistics)
        return soup_network(pair, self.donors, self.merged, keeps_statistics=keeps_statistics)

    def origin(self, pair: Pair, batch_norm: str) -> dict[str, Any]:
        """From what the merged network is made, for its file.

        Args:
            pair: The host and, of two networks, the donor.
            batch_norm: The policy for BatchNorm.

        Returns:
            Plain values.
        """
        if len(self.donors) == 1:
            return pair.facts(self.taken, batch_norm)
        return {
            "isthmus_version": version("isthmus"),
            "a": pair.names[0],
            "hash_a": pair.hashes[0],
            "donors": [
                {"name": donor.name, "hash": donor.hash, "layers": [label for label in pair.layers if label in layers]}
                for donor, layers in zip(self.donors, self.merged, strict=True)
            ],
            "batch_norm": batch_norm,
        }

    def shares(self, labels: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """What share of each averaged layer is whose.

        Args:
            labels: Of all layers, in order.

        Returns:
            Label -> shares of the host and of every donor, which add up to 1.
        """
        if len(self.donors) == 1:
            return {label: (1 - self.taken[label], self.taken[label]) for label in labels if label in self.taken}
        joined = {label: [label in layers for layers in self.merged] for label in labels}
        return {
            label: tuple(is_in / (1 + sum(those)) for is_in in (True, *those))
            for label, those in joined.items()
            if any(those)
        }
