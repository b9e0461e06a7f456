"""Growing groups of layers: where along the depth of the network the barrier appears."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from isthmus.sweeps.group import MovingGroup


@dataclass(frozen=True)
class Cumulative:
    """One group for each number of layers k: the first k in an order, labelled by the order and k.

    Attributes:
        order: `shallow_first` begins at the input of the network, `deep_first` at its output.
    """

    order: Literal["shallow_first", "deep_first"]

    @property
    def name(self) -> str:
        """Such as "cumulative:shallow_first"."""
        return f"cumulative:{self.order}"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The groups, the smallest first; the last holds every layer.

        Args:
            layers: Labels in the order of first use.

        Returns:
            As many groups as layers.

        Example:
            >>> [(group.label, group.layers) for group in Cumulative("deep_first").groups(["conv1", "fc"])]
            [('deep_first:01', ('fc',)), ('deep_first:02', ('conv1', 'fc'))]
        """
        num_layers = len(layers)
        digits = max(2, len(str(num_layers)))
        from_input = self.order == "shallow_first"
        return [
            MovingGroup(
                f"{self.order}:{k:0{digits}}", tuple(layers[:k] if from_input else layers[num_layers - k :]), self.name
            )
            for k in range(1, num_layers + 1)
        ]
