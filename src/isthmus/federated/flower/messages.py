"""What the server asks and what clients answer, as Flower's messages."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from isthmus.federated.client import Scores
from isthmus.federated.exchange import Sent
from isthmus.federated.flower.names import ARRAYS, CLIENT, CONFIG, COUNT, FAILED, METRICS, REQUEST, ROUND
from isthmus.federated.flower.records import array_record, record_tensors
from isthmus.federated.folder import Outcome
from isthmus.federated.local import failure_reason
from isthmus.federated.rules.rule import Phase
from isthmus.weights.state import StateDict

MOST_TEXT = 500  # characters of a client's that results repeat


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
    failed = ConfigRecord({FAILED: failure_reason(error)})
    return RecordDict({CONFIG: failed, METRICS: MetricRecord({CLIENT: client})})


def failure_of(content: RecordDict) -> str | None:
    """What `failure_record` was given.

    Args:
        content: Of a reply.

    Returns:
        The reason; None where there is none.
    """
    if CONFIG not in content.config_records:
        return None
    return str(content.config_records[CONFIG].get(FAILED, "no reason"))[:MOST_TEXT]


def sent_or_failed(client: int, content: RecordDict) -> Sent | str:
    """What a client answered.

    Args:
        client: Its number.
        content: Of the reply.

    Returns:
        What it sent, or why it sent nothing that can be read.
    """
    if (reason := failure_of(content)) is not None:
        return reason
    try:
        count = content.metric_records[METRICS][COUNT]
        return Sent(client, float(count), record_tensors(content.array_records[ARRAYS]))  # type: ignore[arg-type]
    except Exception as error:  # whatever a client sends: the others go on
        return f"a reply that can't be read ({type(error).__name__}: {error})"[:MOST_TEXT]


def outcomes_record(client: int, outcomes: list[Outcome], failed: Exception | None = None) -> RecordDict:
    """How good a client's networks are for it, as the content of a reply.

    Args:
        client: Its number.
        outcomes: Of this client.
        failed: Why it didn't train before.

    Returns:
        The content.
    """
    values = {
        f"{one.when} {one.data} {name}": value for one in outcomes for name, value in vars(one.scores).items()
    }  # fmt: skip
    record = RecordDict() if failed is None else failure_record(client, failed)
    record[METRICS] = MetricRecord({CLIENT: client, **values})
    return record


def told_outcomes(client: int, content: RecordDict, times: Collection[str]) -> tuple[list[Outcome], str | None]:
    """What `outcomes_record` was given.

    Args:
        client: Who answered.
        content: Of a reply.
        times: The times that it was asked for, such as "before" and "after".

    Returns:
        The outcomes, and why it didn't train or can't be read; None where all is well.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        for name, value in content.metric_records[METRICS].items():
            if name != CLIENT:
                when, data, score = name.split(" ")
                found.setdefault((when, data), {})[score] = value
        if other := found.keys() - product(times, ("own", "global")):
            return [], f"scores of {sorted(other)[0]}, which were not asked for"[:MOST_TEXT]
        outcomes = [
            Outcome(client, *place, Scores(float(one["loss"]), float(one["error_rate"]), int(one["num_examples"])))
            for place, one in found.items()
        ]
    except Exception as error:  # whatever a client says: the others go on
        return [], f"a reply that can't be read ({type(error).__name__}: {error})"[:MOST_TEXT]
    return outcomes, failure_of(content)
