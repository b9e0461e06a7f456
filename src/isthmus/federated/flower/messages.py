"""What the server asks and what clients answer, as Flower's messages."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flwr.app import ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from isthmus.federated.client import Scores
from isthmus.federated.exchange import Sent
from isthmus.federated.flower.names import ARRAYS, CLIENT, CONFIG, COUNT, FAILED, METRICS, REQUEST, ROUND
from isthmus.federated.flower.records import array_record, record_tensors
from isthmus.federated.folder import Outcome
from isthmus.federated.rules.rule import Phase
from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class Request:
    """What the server asks of a client, beside the mean that comes with it.

    Attributes:
        kind: "train": train for a round and send; "evaluate": score the network without and with the mean of a round;
            "finish": after the last round train for itself, score, keep the network.
        recipe: `FederatedRecipe`, as JSON.
        seed: Of the repetition.
        rule: Its label.
        round: From 1.
        taken: The layers that the client takes from the mean that comes with the request.
        phases: The local training.
        layers: What it is to send.
        whole: Whether it is to send all of its network.
        has_state: Whether it trained in an earlier round, of which it must have its state.
    """

    kind: str
    recipe: str
    seed: int
    rule: str
    round: int
    taken: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    layers: tuple[str, ...] = ()
    whole: bool = False
    has_state: bool = False


def request_record(request: Request, mean: ArrayRecord, config: Mapping[str, object] | None = None) -> RecordDict:
    """A request as the content of a message.

    Args:
        request: What is asked.
        mean: The layers that the client takes.
        config: What else the message's config record holds.

    Returns:
        The content.
    """
    record = ConfigRecord({**(config or {}), ROUND: request.round, REQUEST: json.dumps(asdict(request))})  # type: ignore[dict-item]
    return RecordDict({ARRAYS: mean, CONFIG: record})


def request_of(content: RecordDict) -> tuple[Request, StateDict]:
    """What `request_record` was given.

    Args:
        content: Of a message.

    Returns:
        The request and the mean.
    """
    values = json.loads(str(content.config_records[CONFIG][REQUEST]))
    phases = tuple(
        Phase(one["epochs"], None if one["trained"] is None else tuple(one["trained"])) for one in values["phases"]
    )  # fmt: skip
    values |= {"phases": phases, "taken": tuple(values["taken"]), "layers": tuple(values["layers"])}
    return Request(**values), record_tensors(content.array_records[ARRAYS])


def sent_record(sent: Sent) -> RecordDict:
    """What a client sends, as the content of a reply.

    Args:
        sent: Weights and count.

    Returns:
        The content.
    """
    metrics = MetricRecord({CLIENT: sent.client, COUNT: sent.count})
    return RecordDict({ARRAYS: array_record(sent.weights), METRICS: metrics})


def failure_record(client: int, error: Exception) -> RecordDict:
    """What a client answers that could not do what it was asked.

    Args:
        client: Its number.
        error: Why.

    Returns:
        The content.
    """
    expected, got = getattr(error, "expected", None), getattr(error, "got", None)
    first_line = str(error).partition("\n")[0]
    reason = f"expected {expected}, got {got}" if expected else f"{type(error).__name__}: {first_line}"
    return RecordDict({CONFIG: ConfigRecord({FAILED: reason}), METRICS: MetricRecord({CLIENT: client})})


def sent_or_failed(client: int, content: RecordDict) -> Sent | str:
    """What a client answered.

    Args:
        client: Its number.
        content: Of the reply.

    Returns:
        What it sent, or why it sent nothing that can be read.
    """
    if CONFIG in content.config_records:
        return str(content.config_records[CONFIG].get(FAILED, "no reason"))
    try:
        count = content.metric_records[METRICS][COUNT]
        return Sent(client, float(count), record_tensors(content.array_records[ARRAYS]))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        return f"a reply that can't be read ({type(error).__name__}: {error})"


def outcomes_record(client: int, outcomes: list[Outcome]) -> RecordDict:
    """How good a client's networks are for it, as the content of a reply.

    Args:
        client: Its number.
        outcomes: Of this client.

    Returns:
        The content.
    """
    values = {
        f"{one.when} {one.data} {name}": value for one in outcomes for name, value in vars(one.scores).items()
    }  # fmt: skip
    return RecordDict({METRICS: MetricRecord({CLIENT: client, **values})})


def outcomes_of_record(content: RecordDict) -> list[Outcome]:
    """What `outcomes_record` was given.

    Args:
        content: Of a reply.

    Returns:
        The outcomes; none of a client that failed.
    """
    metrics = dict(content.metric_records[METRICS])
    client = int(metrics.pop(CLIENT))  # type: ignore[arg-type]
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name, value in metrics.items():
        when, data, score = name.split(" ")
        found.setdefault((when, data), {})[score] = value  # type: ignore[assignment]
    return [Outcome(client, when, data, Scores(**scores)) for (when, data), scores in found.items()]  # type: ignore[arg-type]
