"""All rules, as a recipe writes them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from isthmus.federated.rules.barrier import Barrier
from isthmus.federated.rules.body import Body
from isthmus.federated.rules.chosen import Chosen
from isthmus.federated.rules.cycle import Cycle
from isthmus.federated.rules.everything import Everything
from isthmus.federated.rules.fedbabu import FedBabu
from isthmus.federated.rules.fedrep import FedRep
from isthmus.federated.rules.group import Group
from isthmus.federated.rules.head import Head
from isthmus.federated.rules.no_norm import NoNorm
from isthmus.federated.rules.nothing import Nothing

AnyRule = Everything | Nothing | Body | Head | NoNorm | FedRep | FedBabu | Group | Cycle | Chosen | Barrier
"""A class for each rule. A rule's name alone, such as "all", stands for the rule with its defaults."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


RuleField = Annotated[AnyRule, Field(discriminator="name"), BeforeValidator(_named)]
