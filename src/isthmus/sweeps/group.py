"""What a sweep consists of: groups of layers that move together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

FULL_NETWORK = "all"
"""Label of the group of all layers."""


@dataclass(frozen=True)
class MovingGroup:
    """Layers that leave the host together.

    Attributes:
        label: Unique within a measurement, such as "conv1", "conv1+fc", "shallow_first:03", "all".
        layers: Their labels, in layer order.
        sweep: The name of the sweep that asked for it (of `subsets:given` without its sets).
    """

    label: str
    layers: tuple[str, ...]
    sweep: str


@runtime_checkable
class Sweep(Protocol):
    """The groups that one question needs. A new sweep is one file with such a class, and a line in `spec.SWEEPS`."""

    @property
    def name(self) -> str:
        """The specification that makes this sweep again."""

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The groups over a network's layers.

        Args:
            layers: Labels in the order of first use.
        """
