"""Which stages read which layers and which other stages."""

from collections.abc import Sequence
from dataclasses import dataclass

INPUTS = -1
"""Stands for the batch where a stage's number is expected."""


@dataclass(frozen=True)
class Wiring:
    """The graph of stages, numbered in an order in which they can run; the last one makes the scores.

    Attributes:
        layers: For each stage the labels of the layers whose weights it reads itself.
        sources: For each stage the numbers of those whose values it reads, `INPUTS` among them.
    """

    layers: tuple[tuple[str, ...], ...]
    sources: tuple[tuple[int, ...], ...]

    @classmethod
    def chain(cls, layers: Sequence[Sequence[str]]) -> "Wiring":
        """Stages each of which reads the one before alone.

        Args:
            layers: For each stage the labels of its layers.

        Returns:
            Their wiring.
        """
        sources = tuple((number - 1,) for number in range(len(layers)))
        return cls(tuple(map(tuple, layers)), sources)

    def last_readers(self) -> dict[int, int]:
        """The last stage that reads the values of each, of those that are read.

        Returns:
            Number of a stage, or `INPUTS` -> number of its last reader.
        """
        return {source: number for number, sources in enumerate(self.sources) for source in sources}
