"""What a rule is told of a round, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from torch import nn

from isthmus.layers.partition import LayerPartition
from isthmus.measures.estimate import Estimate

Barriers = Mapping[str, Estimate]
"""Layer -> the largest barrier of it alone between this client's network and the others' that it was measured with."""


@dataclass(frozen=True)
class Exchange:
    """What a rule may look at.

    Attributes:
        round: From 1 to `num_rounds`.
        num_rounds: How often networks are averaged.
        local_epochs: Of a client, between two rounds.
        clients: Their numbers, ascending.
        model: The network, for the types of its modules; its weights mean nothing.
        layers: Its layers, in the order of first use.
        measured: Of the newest round in which barriers were measured: each client's, by layer. Empty before the first.
    """

    round: int
    num_rounds: int
    local_epochs: int
    clients: tuple[int, ...]
    model: nn.Module
    layers: LayerPartition
    measured: Mapping[int, Barriers] = field(default_factory=dict)


@dataclass(frozen=True)
class Phase:
    """A part of a client's local training.

    Attributes:
        epochs: How many.
        trained: Labels of the layers that move; None for all. Others keep their weights, and their running statistics.
    """

    epochs: int
    trained: tuple[str, ...] | None = None


class Rule(BaseModel, ABC):
    """A way to choose the layers that are averaged. Its settings are the fields of its class.

    Attributes:
        needs_barriers: Whether barriers between clients are to be measured for it, as the recipe's `barriers` says.
        label: What results call it; None for its name with its settings. Two rules of a recipe have different ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    needs_barriers: ClassVar[bool] = False

    label: str | None = None

    @property
    def shown(self) -> str:
        """The label, or the name with the settings that aren't at their defaults, such as `barrier threshold=0.05`."""
        if self.label is not None:
            return self.label
        fields = type(self).model_fields
        settings = [
            f"{name}={_text(value)}"
            for name, value in self.model_dump(exclude={"name", "label"}).items()
            if fields[name].is_required() or value != fields[name].default
        ]
        return " ".join([str(fields["name"].default), *settings])

    @abstractmethod
    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The layers that each client averages in a round; all others stay its own.

        Args:
            exchange: The round.

        Returns:
            Client -> labels, in the order of the layers; every client has an entry, which may be empty.
        """

    def local_phases(self, exchange: Exchange) -> tuple[Phase, ...]:
        """What a client trains before a round.

        Args:
            exchange: The round.

        Returns:
            Phases that together are the local epochs; here one, of all layers.
        """
        return (Phase(exchange.local_epochs),)

    def last_phases(self, exchange: Exchange) -> tuple[Phase, ...]:
        """What a client trains after the last round, for itself.

        Args:
            exchange: The last round.

        Returns:
            Phases; here none.
        """
        del exchange
        return ()


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else f"{value}"
