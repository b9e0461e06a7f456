"""Layers by name and by type."""

from typing import Literal, Self

from pydantic import model_validator

from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.federated.rules.selection import named_layers, typed_layers


class Chosen(Rule):
    """The layers of some names or types; `body` averages all but those of some names, `no_norm` all but those of types.

    Attributes:
        layers: Labels, and shell patterns such as "layer1.*".
        types: Names of classes of modules, such as "Conv2d".
    """

    name: Literal["chosen"] = "chosen"
    layers: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.layers and not self.types:
            raise ValueError("layers = [...] or types = [...]; rule 'none' averages nothing")
        return self

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The chosen layers, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> labels of one of the names or types.
        """
        where = f"rule {self.shown!r}"
        found = {
            *named_layers(self.layers, exchange.layers, where),
            *typed_layers(self.types, exchange, where),
        }
        return dict.fromkeys(exchange.clients, tuple(label for label in exchange.layers if label in found))
