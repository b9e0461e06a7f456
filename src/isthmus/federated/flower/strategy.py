"""The Strategy: isthmus's server behind Flower's messages. What is averaged, and how, is decided by `Server`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from logging import INFO, WARNING
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.common.constant import ErrorCode
from flwr.common.logger import log
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Result, Strategy

from isthmus.federated.clock import Clock
from isthmus.federated.exchange import Sent
from isthmus.federated.flower.messages import Request, request_record, sent_or_failed, told_outcomes
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.records import array_record
from isthmus.federated.folder import Outcome, RoundRecord, RuleFolder, load_round, save_json, save_round
from isthmus.federated.rounds import Progress, kept_rounds, last_record, traffic_of
from isthmus.federated.server import Asked, Round, Server

LATE = {ErrorCode.MESSAGE_UNAVAILABLE, ErrorCode.REPLY_MESSAGE_UNAVAILABLE, ErrorCode.NODE_UNAVAILABLE}


class PartialAveraging(Strategy):
    """Averages only the layers that the rule names, each over the clients that sent it.

    A client that fails, is late or sends what can't be averaged is left out of the round's mean, by name and reason.
    Every round is on disk before the next begins.

    Args:
        server: Of one federation under one rule.
        folder: Where the rounds are kept.
        nodes: Which node is which client.
        clock: Counts what rounds take.
        tell: Called after every round.
    """

    def __init__(
        self, server: Server, folder: RuleFolder, nodes: Nodes, clock: Clock, tell: Callable[[Progress], None]
    ) -> None:
        self.server, self.folder, self._nodes, self._clock, self._tell = server, folder, nodes, clock, tell
        recipe = server.federation.recipe
        self._common = Request("train", recipe.model_dump_json(), server.federation.seed, folder.rule, 0)
        self._timeout = 0.0
        self._asked: Mapping[int, Asked] = {}
        self._addressed: Mapping[int, int] = {}
        self._last: Round | None = None
        self._sent: dict[int, Sent] = {}
        self._initial = ArrayRecord()
        self._outcomes: list[Outcome] = []
        self._failed: dict[int, str] = {}
        self._trained: set[int] = set()  # in any round

    def summary(self) -> None:
        """Say which rule it is."""
        log(INFO, "\t├──> Rule: %s", self.folder.rule)
        log(INFO, "\t└──> Clients: %s", len(self.server.federation.clients))

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask every connected client to train.

        Args:
            server_round: From 1.
            arrays: The mean of the round before.
            config: What else clients are told.
            grid: Of Flower.

        Returns:
            A message a client, with the layers of the mean that it takes.
        """
        self._asked = self.server.asked(server_round)
        self._addressed = self._nodes.of_clients(grid)
        return [
            self._message(
                client, arrays, config, kind="train", round=server_round, phases=self._asked[client].phases,
                layers=self._asked[client].layers, whole=self._asked[client].whole,
            )
            for client in self._addressed
        ]  # fmt: skip

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Measure what is due, choose the layers, and average.

        Args:
            server_round: From 1.
            replies: In whatever order.

        Returns:
            The mean of the layers that somebody sent, and how many clients it is of.
        """
        by_node = {reply.metadata.src_node_id: reply for reply in replies}
        sent: dict[int, Sent] = {}
        failed: dict[int, str] = {}
        for client in self._asked:
            content = self._content(client, by_node)
            answered = content if isinstance(content, str) else sent_or_failed(client, content)
            if isinstance(answered, Sent):
                sent[client] = answered
            else:
                failed[client] = answered
        self._addressed = {client: node for client, node in self._addressed.items() if node in by_node}
        done = self.server.round(server_round, sent, failed)
        for client, reason in done.left_out.items():
            log(WARNING, "Round %s without client %s: %s", server_round, client, reason)
        self._sent, self._last = sent, done
        self._trained |= done.sets.keys() - done.left_out.keys()
        num_clients = len(done.sets) - len(done.left_out)
        return array_record(done.mean.weights), MetricRecord({"num-clients": num_clients})

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask the clients that answered in time how good their networks are without and with the mean.

        Args:
            server_round: From 1.
            arrays: The mean of this round.
            config: What else clients are told.
            grid: Of Flower.

        Returns:
            A message a client; none in a round that isn't evaluated.
        """
        del grid  # the nodes are those that were asked to train
        if not self.server.federation.recipe.is_evaluated(server_round):
            return []
        return [
            self._message(client, arrays, config, kind="evaluate", round=server_round) for client in self._addressed
        ]

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """Collect what clients say of their networks.

        Args:
            server_round: From 1.
            replies: In whatever order.

        Returns:
            The mean error rate after averaging, each client on its own test part.
        """
        found: list[Outcome] = []
        by_node = {reply.metadata.src_node_id: reply for reply in replies}
        times = ("before", "after") if server_round <= self.server.federation.recipe.rounds else ("last",)
        self._failed = {}
        for client in (one.number for one in self.server.federation.clients):
            content = self._content(client, by_node)
            outcomes, reason = ([], content) if isinstance(content, str) else told_outcomes(client, content, times)
            found += outcomes
            if reason is not None:
                self._failed[client] = reason
                if self._addressed.get(client) in by_node:
                    log(WARNING, "Round %s, client %s: %s", server_round, client, reason)
        order = ("before", "after", "last")
        self._outcomes = sorted(found, key=lambda one: (order.index(one.when), one.client))
        own = [one.scores.error_rate for one in self._outcomes if (one.when, one.data) == ("after", "own")]
        return MetricRecord({"own-error-rate": sum(own) / len(own)}) if own else None

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int = 3,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Go through the rounds; those that are on disk are taken from there.

        Flower's own loop always begins with round 1, and has no place to write a round.

        Args:
            grid: Of Flower.
            initial_arrays: What clients take before round 1: none, where they begin with the recipe's initial network.
            num_rounds: How many there are.
            timeout: Seconds until a client that hasn't answered is left out.
            train_config: What else clients are told before training.
            evaluate_config: What else clients are told before evaluation.
            evaluate_fn: Called with every new round and its mean.

        Returns:
            The last mean and the metrics of the new rounds.

        Raises:
            InputError: In some round no client could train.
            ValueError: `num_rounds` is not the recipe's.
        """
        self._timeout, self._initial, result = timeout, initial_arrays, Result()
        training, evaluating = train_config or ConfigRecord(), evaluate_config or ConfigRecord()
        self.summary()
        if num_rounds != self.server.federation.recipe.rounds:
            raise ValueError(f"{num_rounds} rounds, but the recipe has {self.server.federation.recipe.rounds}")

        for number in range(1, num_rounds + 1):
            if record := load_round(number, self.folder, with_mean=False):
                self._trained |= record.round.sets.keys() - record.round.left_out.keys()

        def made_round(number: int, last: Round | None) -> RoundRecord:
            self._last = last
            with self._clock.count("training"):
                replies = self._replies(self.configure_train(number, self._mean(), training, grid), grid)
            mean, metrics = self.aggregate_train(number, replies)
            assert mean is not None
            assert metrics is not None
            assert self._last is not None
            result.train_metrics_clientapp[number] = metrics
            with self._clock.count("evaluating"):
                replies = self._replies(self.configure_evaluate(number, mean, evaluating, grid), grid)
            if (scores := self.aggregate_evaluate(number, replies)) is not None:
                result.evaluate_metrics_clientapp[number] = scores
            if evaluate_fn is not None and (scores := evaluate_fn(number, mean)) is not None:
                result.evaluate_metrics_serverapp[number] = scores
            traffic = traffic_of(self._last, self._asked, self.server, self._sent)
            return RoundRecord(self._last, tuple(self._outcomes), traffic)

        self._last = kept_rounds(self.server, self.folder, self._clock, made_round, self._tell)
        self._finish(grid, evaluating)
        result.arrays = self._mean()
        return result

    def _finish(self, grid: Grid, config: ConfigRecord) -> None:
        """Let clients train for themselves, and keep their networks."""
        recipe = self.server.federation.recipe
        number = recipe.rounds + 1
        phases = self.server.rule.last_phases(self.server.exchange(recipe.rounds))
        if load_round(number, self.folder, with_mean=False) is not None or not (phases or recipe.keep_networks):
            return
        self._addressed = self._nodes.of_clients(grid)
        messages = [
            self._message(client, self._mean(), config, kind="finish", round=number, phases=phases)
            for client in self._addressed
        ]
        with self._clock.count("training"):
            self.aggregate_evaluate(number, self._replies(messages, grid))
        if phases:
            assert self._last is not None
            save_json(self._clock.seconds, self.folder.seconds_file)
            save_round(last_record(number, self._last, self._outcomes, self._failed), self.folder)

    def _mean(self) -> ArrayRecord:
        return self._initial if self._last is None else array_record(self._last.mean.weights)

    def _replies(self, messages: Iterable[Message], grid: Grid) -> list[Message]:
        asked = list(messages)
        return list(grid.send_and_receive(asked, timeout=self._timeout)) if asked else []

    def _message(self, client: int, arrays: ArrayRecord, config: ConfigRecord, *, kind: str, **asked: Any) -> Message:
        """A request with the part of the mean that the client takes."""
        last = self._last
        taken, trained = last.sets[client] if last else (), client in self._trained
        keys = self.server.federation.exchanged.keys(taken)
        part = ArrayRecord({key: arrays[key] for key in keys if key in arrays})
        request = replace(self._common, kind=kind, taken=taken, has_state=trained, **asked)
        message_type = MessageType.TRAIN if kind == "train" else MessageType.EVALUATE
        return Message(
            request_record(request, part, config), dst_node_id=self._addressed[client], message_type=message_type,
            ttl=self._timeout, group_id=str(request.round),
        )  # fmt: skip

    def _content(self, client: int, by_node: Mapping[int, Message]) -> RecordDict | str:
        """What a client answered, or why it didn't."""
        if client not in self._addressed:
            return "not connected"
        reply = by_node.get(self._addressed[client])
        if reply is None or (reply.has_error() and reply.error.code in LATE):
            return f"no reply within {self._timeout:g} seconds"
        if reply.has_error():
            log(WARNING, "Client %s: %s", client, reply.error.reason)  # it names processes: nothing for the result
            return f"its app failed (Flower's error {reply.error.code})"
        return reply.content
