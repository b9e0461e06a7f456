"""The paper's groups of layers."""

from typing import Literal

from isthmus.errors import InputError, short_list
from isthmus.federated.rules.rule import Exchange, Rule
from isthmus.layers.paper_groups import paper_groups, resnet18_layers


class Group(Rule):
    """One of the groups of layers of a norm-free ResNet-18 (Adilova et al., ICLR 2024, Table 1).

    Attributes:
        group: "A": the layers called critical; "B": the middle; "C": all but A; "D": all but the classifier.
    """

    name: Literal["group"] = "group"
    group: Literal["A", "B", "C", "D"]

    @property
    def shown(self) -> str:
        """The label, or such as `group A`."""
        return self.label or f"group {self.group}"

    def aggregated_layers(self, exchange: Exchange) -> dict[int, tuple[str, ...]]:
        """The group, for every client.

        Args:
            exchange: The round.

        Returns:
            Client -> labels of the group.

        Raises:
            InputError: The layers are not those of a norm-free ResNet-18.
        """
        if set(exchange.layers) != set(resnet18_layers()):
            raise InputError(
                "the 21 layers of resnet18_no_norm, which the paper's groups are groups of",
                short_list(exchange.layers),
                f"rule {self.shown!r}",
                'write {name = "chosen", layers = [...]} with layers of this network',
            )
        labels = next(labels for name, labels in paper_groups(tuple(exchange.layers)).items() if name[0] == self.group)
        return dict.fromkeys(exchange.clients, labels)
