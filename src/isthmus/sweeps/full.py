"""All layers at once: the usual linear mode connectivity."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.sweeps.group import FULL_NETWORK, MovingGroup


@dataclass(frozen=True)
class Full:
    """One group, labelled "all", of every layer."""

    name: str = "full"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The group of all layers.

        Args:
            layers: Labels in the order of first use.

        Returns:
            One group.

        Example:
            >>> Full().groups(["conv1", "fc"])
            [MovingGroup(label='all', layers=('conv1', 'fc'), sweep='full')]
        """
        return [MovingGroup(FULL_NETWORK, tuple(layers), self.name)]
