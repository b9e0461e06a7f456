"""One layer a round."""

from typing import Literal

from isthmus.federated.rules.rule import Exchange, Rule


class Cycle(Rule):
    """One layer a round, in the order of use, and from the first one again (Adilova et al., ICLR 2024)."""

    name: Literal["cycle"] = "cycle"

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The layer whose turn it is, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> one label.
        """
        labels = tuple(exchange.layers)
        return dict.fromkeys(exchange.clients, (labels[(exchange.round - 1) % len(labels)],))
