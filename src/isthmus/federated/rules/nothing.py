"""Local training: nothing is averaged."""

from typing import Literal

from isthmus.federated.rules.rule import Exchange, Rule


class Nothing(Rule):
    """No layer: each client trains for itself."""

    name: Literal["none"] = "none"

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """No layer for any client.

        Args:
            exchange: The round.

        Returns:
            Client -> no label.
        """
        return dict.fromkeys(exchange.clients, ())
