"""Flower's messages without its processes: a grid that hands them to the ClientApp in this process."""

from collections.abc import Callable, Iterable
from pathlib import Path

from federations import die_before_file, recipe
from flwr.app import Context, Error, Message, RecordDict
from flwr.common.constant import ErrorCode
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from isthmus.federated.federate import federate
from isthmus.federated.flower.client_app import app
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.rounds import FlowerRounds

TIMEOUT = 60.0
Answer = Callable[[Message, Context], Message]


class DirectGrid(Grid):
    """Nodes that answer in the opposite of the order in which they were asked.

    Args:
        num_clients: Each has a node.
        settings: Of the run.
        answer: The ClientApp.
        late: Clients that never answer in time once they are known.
    """

    def __init__(self, num_clients: int, settings: dict, answer: Answer = app, late: Iterable[int] = ()) -> None:
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1  # a message says where it is from
        self._settings, self._answer, self._late, self._num_messages = settings, answer, set(late), 0
        self._next_node, self.contexts = 1001, {}
        for client in range(num_clients):
            self.connect(client)

    def connect(self, client: int) -> int:
        self._next_node -= 1
        node, config = self._next_node, {"partition-id": client}
        self.contexts[node] = Context(
            run_id=1, node_id=node, node_config=config, state=RecordDict(), run_config=self._settings
        )
        return node

    def get_node_ids(self) -> Iterable[int]:
        return list(self.contexts)

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        replies = [self._reply(message) for message in messages]
        return [reply for reply in reversed(replies) if reply is not None]

    def _reply(self, message: Message) -> Message | None:
        self._num_messages += 1
        message.metadata.__dict__["_message_id"] = str(self._num_messages)
        context = self.contexts[message.metadata.dst_node_id]
        if message.metadata.message_type != "query" and context.node_config["partition-id"] in self._late:
            return None
        try:
            return self._answer(message, context)
        except RuntimeError as error:
            return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, repr(error)), reply_to=message)

    def set_run(self, run):
        raise NotImplementedError

    run = property(set_run)
    create_message = push_messages = pull_messages = set_run


def federate_on_flower(out: Path, *, grid: DirectGrid | None = None, resume: bool = False, **changes) -> DirectGrid:
    """A tiny federation on Flower's messages; clients keep their states in the same folder, unless a grid is given."""
    settings = recipe(**changes)
    found = grid or DirectGrid(settings.clients, {"client-folder": str(out)})
    federate(settings, out, resume=resume, rounds=FlowerRounds(found, Nodes(settings.clients), TIMEOUT))
    return found


def killed_on_flower(out: Path, number: int, **changes) -> None:
    """Kills its own process as it would finish its file of this number."""
    die_before_file(number)
    federate_on_flower(out, **changes)
