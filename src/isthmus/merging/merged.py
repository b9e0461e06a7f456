"""What a merge gives: the network, its certificate, and what else could have been done."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from isthmus.merging.search.certificate import Certificate
from isthmus.merging.search.comparison import Contender
from isthmus.merging.search.selection import Selection


@dataclass(frozen=True)
class Merge:
    """A merged network and all that was found on the way.

    Attributes:
        weights: The merged network; the host where nothing was certified.
        selection: The search; all its numbers come from the examples of `data`.
        certificate: The tests; all numbers come from those of `certify_on`.
        contenders: What else could have been done, on the examples of the certificate.
        worth: Of every layer.
        num_parameters: In the merged layers, and in all.
        facts: Names, hashes, settings and versions, as plain values.
        notes: What was done on reading, and what may be other than it seems.
    """

    weights: dict[str, Tensor]
    selection: Selection
    certificate: Certificate
    contenders: tuple[Contender, ...]
    worth: dict[str, float]
    num_parameters: tuple[int, int]
    facts: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are averaged, in layer order; none where nothing was certified."""
        certified = self.certificate.certified
        return () if certified is None else tuple(label for label in self.worth if label in certified.layers)
