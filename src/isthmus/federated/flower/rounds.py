"""The rounds of one rule on Flower, in place of `isthmus.federated.rounds.run_rounds`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flwr.app import ArrayRecord
from flwr.serverapp import Grid

from isthmus.federated.clock import Clock
from isthmus.federated.federation import Federation
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.strategy import PartialAveraging
from isthmus.federated.folder import RuleFolder
from isthmus.federated.rounds import Progress
from isthmus.federated.rules.known import AnyRule
from isthmus.federated.server import Server


@dataclass(frozen=True)
class FlowerRounds:
    """Trains, exchanges and evaluates on the clients of a grid.

    Attributes:
        grid: Of Flower.
        nodes: Which node is which client.
        timeout: Seconds until a client that hasn't answered is left out of a round.
    """

    grid: Grid
    nodes: Nodes
    timeout: float

    def __call__(
        self,
        federation: Federation,
        rule: AnyRule,
        folder: RuleFolder,
        *,
        spent: Mapping[str, float] | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Go through the rounds, as `run_rounds` does.

        Args:
            federation: Data and network.
            rule: Which layers are averaged.
            folder: Where the rounds are kept.
            spent: Seconds of an earlier part of this training.
            tell: Called after every round.
        """
        clock = Clock(spent)
        strategy = PartialAveraging(Server(federation, rule, clock), folder, self.nodes, clock, tell)
        strategy.start(self.grid, ArrayRecord(), num_rounds=federation.recipe.rounds, timeout=self.timeout)
