"""FedRep: the body is averaged, and each client trains its head before its body."""

from typing import Annotated, Literal

from pydantic import Field

from isthmus.errors import InputError
from isthmus.federated.rules.rule import Exchange, Phase, Rule
from isthmus.federated.rules.selection import head_layers, trained_body, without


class FedRep(Rule):
    """All layers but the head, which is trained first (Collins et al., "Exploiting Shared Representations", ICML 2021).

    The paper takes many steps of the head for one of the body. Here both share the local epochs, so
    that every rule trains equally long.

    Attributes:
        layers: The head, by labels and patterns; empty for the last layer with parameters in the order of use.
        head_epochs: The local epochs in which the head alone moves; in the others the body alone does.
    """

    name: Literal["fedrep"] = "fedrep"
    layers: tuple[str, ...] = ()
    head_epochs: Annotated[int, Field(gt=0)] = 1

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The body, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> all labels but those of the head.
        """
        return dict.fromkeys(exchange.clients, without(self._head(exchange), exchange.layers))

    def local_phases(self, exchange: Exchange) -> tuple[Phase, ...]:
        """First the head, then the body.

        Args:
            exchange: The round.

        Returns:
            Two phases.

        Raises:
            InputError: No epoch is left for the body.
        """
        left = exchange.local_epochs - self.head_epochs
        if left < 1:
            raise InputError(
                "fewer head_epochs than local_epochs, so that the body is trained too",
                f"head_epochs = {self.head_epochs}, local_epochs = {exchange.local_epochs}",
                f"rule {self.shown!r}",
                f"write local_epochs = {self.head_epochs + 1} or more, or another rule",
            )
        head = self._head(exchange)
        body = trained_body(head, exchange, f"rule {self.shown!r}")
        return Phase(self.head_epochs, head), Phase(left, body)

    def _head(self, exchange: Exchange) -> tuple[str, ...]:
        return head_layers(self.layers, exchange, f"rule {self.shown!r}")
