"""FedBABU: the body is trained and averaged under a head that never moves; each client fine-tunes at the end."""

from typing import Annotated, Literal

from pydantic import Field

from isthmus.federated.rules.rule import Exchange, Phase, Rule
from isthmus.federated.rules.selection import head_layers, trained_body


class FedBabu(Rule):
    """All layers but the head, which stays as all clients began with it (Oh et al., "FedBABU", ICLR 2022).

    Attributes:
        layers: The head, by labels and patterns; empty for the last layer with parameters in the order of use.
        finetune_epochs: What each client trains for itself after the last round.
        finetuned: Whether that moves "all" layers or only the "head".
    """

    name: Literal["fedbabu"] = "fedbabu"
    layers: tuple[str, ...] = ()
    finetune_epochs: Annotated[int, Field(gt=0)] = 5
    finetuned: Literal["all", "head"] = "all"

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The body, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> all labels but those of the head.
        """
        return dict.fromkeys(exchange.clients, self._body(exchange))

    def local_phases(self, exchange: Exchange) -> tuple[Phase, ...]:
        """The body alone.

        Args:
            exchange: The round.

        Returns:
            One phase.
        """
        return (Phase(exchange.local_epochs, self._body(exchange)),)

    def last_phases(self, exchange: Exchange) -> tuple[Phase, ...]:
        """The fine-tuning.

        Args:
            exchange: The last round.

        Returns:
            One phase.
        """
        return (Phase(self.finetune_epochs, None if self.finetuned == "all" else self._head(exchange)),)

    def _head(self, exchange: Exchange) -> tuple[str, ...]:
        return head_layers(self.layers, exchange, f"rule {self.shown!r}")

    def _body(self, exchange: Exchange) -> tuple[str, ...]:
        return trained_body(self._head(exchange), exchange, f"rule {self.shown!r}")
