"""Layers chosen by measurement: those whose barrier between clients is surely small."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.measures.estimate import Estimate


class Barrier(Rule):
    """The layers whose barrier to other clients' networks is surely below a threshold; for each client its own.

    A client averages a layer where the upper end of its barrier (`isthmus.federated.barriers.measured_of`) lies below
    the threshold. A barrier that is NaN or carried by too few examples is not surely below, nor is that of a client
    that had no part in the newest measurement. Before anything is measured, all layers are averaged.

    Attributes:
        threshold: In nats.
    """

    needs_barriers: ClassVar[bool] = True

    name: Literal["barrier"] = "barrier"
    threshold: Annotated[float, Field(allow_inf_nan=False)]

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """What is surely below, for each client.

        Args:
            exchange: The round, with the newest barriers.

        Returns:
            Client -> labels, other ones for each.
        """
        if not exchange.measured:
            return dict.fromkeys(exchange.clients, tuple(exchange.layers))
        return {
            client: tuple(
                label for label in exchange.layers if self._is_below(exchange.measured.get(client, {}).get(label))
            )
            for client in exchange.clients
        }

    def _is_below(self, barrier: Estimate | None) -> bool:
        return barrier is not None and barrier.trusted and barrier.high < self.threshold
