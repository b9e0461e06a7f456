"""The three sources of randomness in training, each with its own seed."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict

Source = Literal["initialisation", "order", "augmentation"]


@dataclass(frozen=True)
class Seeds:
    """One seed for each source of chance, so that one can change while the others stay.

    Equal numbers give unrelated streams: each seed is hashed together with the name of its source. Within a training
    every epoch has a stream of its own for the order and every iteration one for augmentation, so that a training
    that goes on in the middle draws what it would have drawn.

    Attributes:
        initialisation: The weights that training starts from.
        order: The order of the examples in every epoch.
        augmentation: What happens to examples on their way: crops, flips, mixing, dropout.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # in a recipe an unknown seed is refused

    initialisation: int = 0
    order: int = 0
    augmentation: int = 0

    def stream(self, source: Source, *place: int | str) -> int:
        """The number that seeds the generator of a source.

        Args:
            source: One of the three.
            place: Where in the training, such as the epoch; nothing for the source as a whole.

        Returns:
            An integer of 63 bits.

        Example:
            >>> Seeds(order=1).stream("order") == Seeds(order=1).stream("augmentation")
            False
        """
        words = (source, getattr(self, source), *place)
        text = ":".join(map(str, words))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
