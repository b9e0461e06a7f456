"""What a merge gives: the network, its certificate, and what else could have been done."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from isthmus.merging.search.certificate import Certificate
from isthmus.merging.search.comparison import Contender
from isthmus.merging.search.selection import Selection
from isthmus.merging.search.soup import Soup, layers_of


@dataclass(frozen=True)
class Merge:
    """A merged network and all that was found on the way.

    Attributes:
        weights: The merged network; the host where nothing was certified.
        selections: The search, one a donor; all numbers come from the examples of `data`.
        certificate: The tests; all numbers come from those of `certify_on`.
        soups: What each test averages: the layers of every donor.
        soup: What is averaged; no layers where nothing was certified.
        donors: Their names, in the order in which they were taken.
        contenders: What else could have been done, on the examples of the certificate.
        worth: Of every layer.
        num_parameters: In the merged layers, and in all.
        facts: Names, hashes, settings and versions, as plain values.
        notes: What was done on reading, and what may be other than it seems.
    """

    weights: dict[str, Tensor]
    selections: tuple[Selection, ...]
    certificate: Certificate
    soups: tuple[Soup, ...]
    soup: Soup
    donors: tuple[str, ...]
    contenders: tuple[Contender, ...]
    worth: dict[str, float]
    num_parameters: tuple[int, int]
    facts: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def selection(self) -> Selection:
        """The search for layers of the first donor."""
        return self.selections[0]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are averaged, in layer order; none where nothing was certified."""
        return self.in_order(layers_of(self.soup))

    @property
    def joined(self) -> dict[str, tuple[str, ...]]:
        """Donor -> the layers that are averaged with it, in layer order; a donor that was left out has none."""
        return {name: self.in_order(layers) for name, layers in zip(self.donors, self.soup, strict=True)}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The donors of which no layer is in the merged network."""
        return tuple(name for name, layers in self.joined.items() if not layers)

    def in_order(self, layers: frozenset[str]) -> tuple[str, ...]:
        """Layers in the order of the network.

        Args:
            layers: Their labels.

        Returns:
            The same.
        """
        return tuple(label for label in self.worth if label in layers)
