"""Runs of consecutive layers: how the barrier grows with the length of the averaged part."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.errors import InputError
from isthmus.sweeps.argument import whole_number
from isthmus.sweeps.group import MovingGroup

FORMS = ("window:L",)


@dataclass(frozen=True)
class Window:
    """Every run of L consecutive layers, labelled by L and its first layer.

    Attributes:
        length: L; a window of one is a single layer.
    """

    length: int

    @property
    def name(self) -> str:
        """Such as "window:4"."""
        return f"window:{self.length}"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The windows, from the input of the network to its output.

        Args:
            layers: Labels in the order of first use.

        Returns:
            n - L + 1 groups for n layers.

        Raises:
            InputError: L is below 1 or above n.

        Example:
            >>> [(group.label, group.layers) for group in Window(2).groups(["conv1", "conv2", "fc"])]
            [('window2:conv1', ('conv1', 'conv2')), ('window2:conv2', ('conv2', 'fc'))]
        """
        n, length = len(layers), self.length
        if not 1 <= length <= n:
            raise InputError(
                f"a window of 1 to {n} layers, as many as the network has",
                str(length),
                f"--sweep {self.name}",
                "choose a shorter window" if length > n else "write window:1 for single layers",
            )
        return [
            MovingGroup(f"window{length}:{layers[i]}", tuple(layers[i : i + length]), self.name)
            for i in range(n - length + 1)
        ]


def window_of(argument: str) -> Window:
    """The sweep that stands after "window:".

    Args:
        argument: L.

    Returns:
        The sweep.
    """
    return Window(whole_number(argument, 1, FORMS[0]))
