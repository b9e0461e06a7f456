"""FedBN: all layers but normalisation are averaged."""

from typing import Annotated, Literal

from pydantic import Field

from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.federated.rules.selection import typed_layers, without


class NoNorm(Rule):
    """All layers but normalisation (Li et al., "FedBN", ICLR 2021), which is found by the types of modules.

    Attributes:
        types: What counts as normalisation: names of classes such as "GroupNorm", "LayerNorm", "InstanceNorm",
            "RMSNorm", or "LlamaRMSNorm" where a library has its own; "BatchNorm" is that of any number of dimensions.
    """

    name: Literal["no_norm"] = "no_norm"
    types: Annotated[tuple[str, ...], Field(min_length=1)] = ("BatchNorm",)

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """What is no normalisation, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> all labels but those of normalisation.
        """
        private = typed_layers(self.types, exchange, f"rule {self.shown!r}")
        return dict.fromkeys(exchange.clients, without(private, exchange.layers))
