"""All pairs of layers: do their barriers add up?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from isthmus.sweeps.group import MovingGroup


@dataclass(frozen=True)
class Pairs:
    """One group for every two layers, labelled by both."""

    name: str = "pairs"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The groups of two layers.

        Args:
            layers: Labels in the order of first use.

        Returns:
            n (n - 1) / 2 groups for n layers; the earlier layer of a pair comes first.

        Example:
            >>> [group.label for group in Pairs().groups(["conv1", "conv2", "fc"])]
            ['conv1+conv2', 'conv1+fc', 'conv2+fc']
        """
        return [MovingGroup("+".join(pair), pair, self.name) for pair in combinations(layers, 2)]
