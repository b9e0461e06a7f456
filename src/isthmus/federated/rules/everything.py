"""FedAvg: every layer is averaged."""

from typing import Literal

from isthmus.federated.rules.rule import Exchange, Rule


class Everything(Rule):
    """All layers (McMahan et al., "Communication-Efficient Learning of Deep Networks", AISTATS 2017)."""

    name: Literal["all"] = "all"

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """Every layer for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> all labels.
        """
        return dict.fromkeys(exchange.clients, tuple(exchange.layers))
