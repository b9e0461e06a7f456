"""The rounds of one rule, client after client in this process: the reference for every other way to run them."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.federated.client import Scorer
from isthmus.federated.clock import Clock
from isthmus.federated.exchange import Sent, network_after
from isthmus.federated.federation import Federation
from isthmus.federated.folder import Outcome, RoundRecord, RuleFolder, Traffic, load_round, save_json, save_round
from isthmus.federated.local import LocalClient, failure_reason, is_of_the_machine
from isthmus.federated.rules.known import AnyRule
from isthmus.federated.server import Asked, Round, Server
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.state import StateDict

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a rule is.

    Attributes:
        rule: Its label.
        seed: Of the repetition.
        round: The round that has ended.
        rounds: How many there are.
        own: Mean over clients of the error rate on their own test parts after averaging; None where not evaluated.
        seconds: Since this rule's rounds began or went on.
        out: The folder of the training, as text.
    """

    rule: str
    seed: int
    round: int
    rounds: int
    own: float | None
    seconds: float
    out: str


def run_rounds(
    federation: Federation,
    rule: AnyRule,
    folder: RuleFolder,
    *,
    spent: Mapping[str, float] | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Train, exchange and evaluate, round by round; rounds that are on disk are taken from there.

    Args:
        federation: Data and network.
        rule: Which layers are averaged.
        folder: Where the rounds are kept.
        spent: Seconds of an earlier part of this training.
        tell: Called after every round.

    Raises:
        InputError: In some round no client could train.
    """
    clock = Clock(spent)
    server = Server(federation, rule, clock)
    clients = [
        LocalClient(federation, client.number, folder.clients, folder.first) for client in federation.clients
    ]  # fmt: skip
    scorer = Scorer(federation.model, federation.all_test, federation.loss)
    last = kept_rounds(
        server, folder, clock, lambda number, last: _made_round(number, last, server, clients, scorer, clock), tell
    )
    _finish(last, server, clients, scorer, folder, clock)


def kept_rounds(
    server: Server,
    folder: RuleFolder,
    clock: Clock,
    made_round: Callable[[int, Round | None], RoundRecord],
    tell: Callable[[Progress], None],
) -> Round:
    """Go through the rounds, each on disk before the next begins; those that are there are taken from there.

    Args:
        server: It recalls their barriers.
        folder: Where the rounds are kept.
        clock: What was spent so far is kept beside them.
        made_round: Makes the round of a number from the one before.
        tell: Called after every round.

    Returns:
        The last round.
    """
    num_rounds, begun = server.federation.recipe.rounds, time.monotonic()
    last: Round | None = None
    for number in range(1, num_rounds + 1):
        is_newest = load_round(number + 1, folder, with_mean=False) is None
        record = load_round(number, folder, with_mean=is_newest)
        if record is None:
            record = made_round(number, last)
            save_json(clock.seconds, folder.seconds_file)
            save_round(record, folder)
            LOG.info("rule %s, seed %d: round %d of %d", folder.rule, folder.seed, number, num_rounds)
        server.recall(record.round.barriers)
        last = record.round
        own = [o.scores.error_rate for o in record.outcomes if (o.when, o.data) == ("after", "own")]
        mean = sum(own) / len(own) if own else None
        seconds = time.monotonic() - begun
        tell(Progress(folder.rule, folder.seed, number, num_rounds, mean, seconds, str(folder.out)))
    assert last
    own_training = load_round(num_rounds + 1, folder)  # it holds the same mean, and took its place
    return replace(last, mean=own_training.round.mean) if own_training else last


def _made_round(
    number: int, last: Round | None, server: Server, clients: list[LocalClient], scorer: Scorer, clock: Clock
) -> RoundRecord:
    recipe, asked = server.federation.recipe, server.asked(number)
    networks: dict[int, StateDict] = {}
    sent: dict[int, Sent] = {}
    failed: dict[int, str] = {}
    with clock.count("training"):
        for client in clients:
            mine = asked[client.number]
            mean = last.mean.weights if last else {}
            start = client.start_of(number, mean, _taken(last, client.number), has_state=last is not None)
            try:
                networks[client.number] = client.train(number, start, mine.phases).weights
            except Exception as error:  # its loss is no number any more, say: the others go on without it
                if is_of_the_machine(error):
                    raise
                networks[client.number] = start.weights
                failed[client.number] = failure_reason(error)
                continue
            sent[client.number] = client.sent(networks[client.number], mine.layers, whole=mine.whole)
    done = server.round(number, sent, failed)
    outcomes: list[Outcome] = []
    if recipe.is_evaluated(number):
        after = {client: taken_network(network, done, client, server) for client, network in networks.items()}
        with clock.count("evaluating"):
            outcomes = outcomes_of("before", networks, server, scorer) + outcomes_of("after", after, server, scorer)
    return RoundRecord(done, tuple(outcomes), traffic_of(done, asked, server, sent))


def _finish(
    last: Round, server: Server, clients: list[LocalClient], scorer: Scorer, folder: RuleFolder, clock: Clock
) -> None:
    """Train what clients train for themselves, and write their networks."""
    recipe = server.federation.recipe
    number = recipe.rounds + 1
    phases = server.rule.last_phases(server.exchange(recipe.rounds))
    networks: dict[int, StateDict] = {}
    failed: dict[int, str] = {}
    for client in clients:
        start = client.start_of(number, last.mean.weights, _taken(last, client.number), has_state=True)
        networks[client.number] = start.weights
        try:
            with clock.count("training"):
                networks[client.number] = client.train(number, start, phases).weights if phases else start.weights
        except Exception as error:  # it keeps the network of the last round
            if is_of_the_machine(error):
                raise
            failed[client.number] = failure_reason(error)
    if phases and load_round(number, folder, with_mean=False) is None:
        with clock.count("evaluating"):
            outcomes = outcomes_of("last", networks, server, scorer)
        save_json(clock.seconds, folder.seconds_file)
        save_round(last_record(number, last, outcomes, failed), folder)
    if recipe.keep_networks:
        for of, network in networks.items():
            save_weights(network, folder.networks / f"client-{of:03}.safetensors")


def last_record(number: int, last: Round, outcomes: Sequence[Outcome], failed: Mapping[int, str]) -> RoundRecord:
    """What clients trained for themselves, as a round of its own.

    Args:
        number: Of the round after the last.
        last: The last round, whose mean stays the newest.
        outcomes: Of the clients.
        failed: Client -> why it did not train.

    Returns:
        The record.
    """
    traffic = tuple(Traffic(client, 0, 0, 0, reason) for client, reason in sorted(failed.items()))
    return RoundRecord(Round(number, last.mean, {}, failed), tuple(outcomes), traffic)


def _taken(last: Round | None, client: int) -> tuple[str, ...]:
    return last.sets[client] if last else ()


def taken_network(network: StateDict, done: Round, client: int, server: Server) -> StateDict:
    """A client's network after a round.

    Args:
        network: After its local training.
        done: The round.
        client: Its number.
        server: For the entries that travel.

    Returns:
        The network with the mean in the client's set.
    """
    return network_after(network, done.mean.weights, done.sets[client], server.federation.exchanged)


def outcomes_of(when: str, networks: Mapping[int, StateDict], server: Server, scorer: Scorer) -> list[Outcome]:
    """How good networks are for their clients.

    Args:
        when: "before", "after" or "last".
        networks: By client.
        server: For the clients' data.
        scorer: Of this federation.

    Returns:
        One a client and kind of data.
    """
    clients = server.federation.clients
    return [
        Outcome(client, when, data, scores)
        for client, network in networks.items()
        for data, scores in scorer.scores(network, clients[client]).items()
    ]


def traffic_of(
    done: Round, asked: Mapping[int, Asked], server: Server, sent: Mapping[int, Sent]
) -> tuple[Traffic, ...]:
    """What travelled in a round, without the wrapping of a protocol.

    Args:
        done: The round.
        asked: What clients were asked for.
        server: For the sizes.
        sent: What came.

    Returns:
        One a client.
    """
    found = server.federation
    all_bytes = sum(tensor.nbytes for tensor in found.initial.values())
    rows = []
    for client, layers in done.sets.items():
        up = found.exchanged.num_bytes(layers, found.initial) if client in sent else 0
        down = sum(done.mean.weights[key].nbytes for key in found.exchanged.keys(layers) if key in done.mean.weights)
        beyond = all_bytes - up if asked[client].whole and client in sent else 0
        rows.append(Traffic(client, up, down, beyond, done.left_out.get(client, "")))
    return tuple(rows)
