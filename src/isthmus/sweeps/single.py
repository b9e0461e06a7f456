"""Every layer alone: the paper's layer-wise linear mode connectivity."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.sweeps.group import MovingGroup


@dataclass(frozen=True)
class Single:
    """One group a layer, labelled as the layer."""

    name: str = "single"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The groups of one layer each.

        Args:
            layers: Labels in the order of first use.

        Returns:
            As many groups as layers, in their order.

        Example:
            >>> [group.label for group in Single().groups(["conv1", "fc"])]
            ['conv1', 'fc']
        """
        return [MovingGroup(layer, (layer,), self.name) for layer in layers]
