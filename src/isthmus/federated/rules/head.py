"""LG-FedAvg: only the head is averaged, and each client represents its data in its own way."""

from typing import Literal

from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.federated.rules.selection import head_layers


class Head(Rule):
    """Only the head (Liang et al., "Think Locally, Act Globally", 2020).

    Attributes:
        layers: The head, by labels and patterns; empty for the last layer with parameters in the order of use.
    """

    name: Literal["head"] = "head"
    layers: tuple[str, ...] = ()

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The head, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> the labels of the head.
        """
        return dict.fromkeys(exchange.clients, head_layers(self.layers, exchange, f"rule {self.shown!r}"))
