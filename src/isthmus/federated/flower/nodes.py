"""Which of Flower's nodes is which client: nodes have random numbers, and new ones when they connect again."""

import time

from flwr.app import Message, MessageType, RecordDict
from flwr.serverapp import Grid

from isthmus.errors import InputError, short_list
from isthmus.federated.flower.names import CLIENT, METRICS

ASK_SECONDS = 60.0  # a node that trains has no time for the question; it is asked again before the next round
LOOK_SECONDS = 0.2


class Nodes:
    """The clients that are connected.

    Args:
        num_clients: Clients are numbered from 0; nodes of other numbers are left alone.
    """

    def __init__(self, num_clients: int) -> None:
        self._num_clients = num_clients
        self._known: dict[int, int] = {}

    def of_clients(self, grid: Grid) -> dict[int, int]:
        """The nodes that are connected now; new ones are asked who they are.

        Args:
            grid: Of Flower.

        Returns:
            Client -> node, clients ascending.

        Raises:
            InputError: Two nodes are the same client.
        """
        there = set(grid.get_node_ids())
        asked = [
            Message(RecordDict(), dst_node_id=node, message_type=MessageType.QUERY)
            for node in sorted(there - self._known.keys())
        ]
        for reply in grid.send_and_receive(asked, timeout=ASK_SECONDS) if asked else ():
            if not reply.has_error():
                self._known[reply.metadata.src_node_id] = int(reply.content.metric_records[METRICS][CLIENT])  # type: ignore[arg-type]
        self._known = {node: client for node, client in self._known.items() if node in there}
        found: dict[int, int] = {}
        for node, client in sorted(self._known.items(), key=lambda pair: pair[1]):
            if client in found:
                raise InputError(
                    f"one node for client {client}", "two", "the SuperNodes", "give each a partition-id of its own"
                )
            if client < self._num_clients:
                found[client] = node
        return found

    def wait(self, grid: Grid, seconds: float) -> None:
        """Wait until all clients are connected.

        Args:
            grid: Of Flower.
            seconds: How long at most.

        Raises:
            InputError: They aren't by then.
        """
        end = time.monotonic() + seconds
        while len(found := self.of_clients(grid)) < self._num_clients:
            if time.monotonic() > end:
                missing = sorted(set(range(self._num_clients)) - found.keys())
                raise InputError(
                    f"{self._num_clients} clients, numbered from 0", f"no client {short_list(missing)}",
                    f"the nodes that connected in {seconds:g} seconds",
                    'start their SuperNodes, with --node-config "partition-id=0", 1, ..., or raise wait',
                )  # fmt: skip
            time.sleep(LOOK_SECONDS)
