"""The server's side of a round: what clients are asked for, and what becomes of what they send."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from isthmus.errors import InputError
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.federated.barriers import ClientBarrier, client_barriers, measured_of
from isthmus.federated.clock import Clock
from isthmus.federated.exchange import Mean, Sent, mean_of, refusal
from isthmus.federated.federation import Federation
from isthmus.federated.rules.known import AnyRule
from isthmus.federated.rules.rule import Exchange, Phase


@dataclass(frozen=True)
class Asked:
    """What a round asks of a client.

    Attributes:
        phases: Its local training.
        layers: The layers that it is to send.
        whole: Whether it is to send the whole network, since barriers are measured.
    """

    phases: tuple[Phase, ...]
    layers: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class Round:
    """What became of a round.

    Attributes:
        number: From 1.
        mean: Of the layers that were averaged.
        sets: Client -> the layers that it averages; those left out take the mean in theirs too.
        left_out: Client -> why it has no part in the mean.
        barriers: Measured in this round; none where it is not due.
    """

    number: int
    mean: Mean
    sets: Mapping[int, tuple[str, ...]]
    left_out: Mapping[int, str] = field(default_factory=dict)
    barriers: tuple[ClientBarrier, ...] = ()


class Server:
    """The server of one federation under one rule. It remembers the newest barriers.

    Args:
        federation: Data, network, layers.
        rule: Which layers are averaged.
        clock: Counts what measuring and averaging take.
    """

    def __init__(self, federation: Federation, rule: AnyRule, clock: Clock | None = None) -> None:
        self.federation, self.rule = federation, rule
        self._clock = clock or Clock()
        self._barriers: tuple[ClientBarrier, ...] = ()
        self._graphs: dict[str, OperatorGraph] = {}
        self.asked(1)  # a rule that doesn't fit the network or the epochs says so before anything is trained

    def recall(self, barriers: Collection[ClientBarrier]) -> None:
        """Take barriers as measured, in a training that goes on.

        Args:
            barriers: Of an earlier round; none leave what is known.
        """
        self._barriers = tuple(barriers) or self._barriers

    def exchange(self, number: int) -> Exchange:
        """What a rule is told of a round.

        Args:
            number: From 1.

        Returns:
            The facts, with the newest barriers.
        """
        found = self.federation
        return Exchange(
            number,
            found.recipe.rounds,
            found.recipe.local_epochs,
            tuple(client.number for client in found.clients),
            found.model,
            found.exchanged.layers,
            measured_of(self._barriers),
        )

    def sets(self, number: int) -> dict[int, tuple[str, ...]]:
        """The layers that each client averages in a round.

        Args:
            number: From 1.

        Returns:
            Client -> labels.
        """
        return self.rule.aggregated_layers(self.exchange(number))

    def asked(self, number: int) -> dict[int, Asked]:
        """What a round asks of every client.

        Args:
            number: From 1.

        Returns:
            Client -> what it is asked for.
        """
        exchange, whole = self.exchange(number), self.federation.recipe.is_measured(self.rule, number)
        phases = self.rule.local_phases(exchange)
        return {client: Asked(phases, layers, whole) for client, layers in self.sets(number).items()}

    def round(self, number: int, sent: Mapping[int, Sent], failed: Mapping[int, str]) -> Round:
        """Measure what is due, choose the layers, and average.

        Args:
            number: From 1.
            sent: Client -> what came.
            failed: Client -> why nothing came.

        Returns:
            The round: its mean is of those that sent what they were asked for.

        Raises:
            InputError: Nothing came from any client.
        """
        if not sent:
            raise InputError(
                f"a client that trains in round {number}", next(iter(failed.values())), f"rule {self.rule.shown!r}",
                "lower optimizer.learning_rate or clip_norm; every round before is kept, and --resume goes on",
            )  # fmt: skip
        found, asked = self.federation, self.asked(number)
        left_out, taken = dict(failed), {}
        for client in sorted(sent):
            keys = found.initial if asked[client].whole else found.exchanged.keys(asked[client].layers)
            reason = refusal(sent[client], keys, found.initial, found.count(client))
            if reason is None:
                taken[client] = sent[client]
            else:
                left_out[client] = reason
        barriers: tuple[ClientBarrier, ...] = ()
        if found.recipe.is_measured(self.rule, number) and len(taken) > 1:
            assert found.recipe.barriers
            assert found.server
            with self._clock.count("measuring"), kept_graphs(self._graphs):
                barriers = tuple(
                    client_barriers(
                        found.model, {client: one.weights for client, one in taken.items()}, found.server,
                        layers=found.exchanged.layers, pairs=found.recipe.barriers.pairs, loss=found.loss,
                        baseline=found.recipe.barriers.baseline, device=found.recipe.device,
                    )
                )  # fmt: skip
            self.recall(barriers)
        sets = self.sets(number)
        with self._clock.count("averaging"):
            mean = mean_of(list(taken.values()), sets, found.exchanged)
        return Round(number, mean, sets, dict(sorted(left_out.items())), barriers)
