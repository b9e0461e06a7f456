"""FedPer: all layers but the head are averaged."""

from typing import Literal

from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.federated.rules.selection import head_layers, without


class Body(Rule):
    """All layers but the head (Arivazhagan et al., "Federated Learning with Personalization Layers", 2019).

    Attributes:
        layers: The head, by labels and patterns; empty for the last layer with parameters in the order of use.
    """

    name: Literal["body"] = "body"
    layers: tuple[str, ...] = ()

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The body, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> all labels but those of the head.
        """
        head = head_layers(self.layers, exchange, f"rule {self.shown!r}")
        return dict.fromkeys(exchange.clients, without(head, exchange.layers))
