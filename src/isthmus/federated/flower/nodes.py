"""Which of Flower's nodes is which client: nodes have random numbers, and new ones when they connect again."""

import time
from collections import Counter

from flwr.app import Message, MessageType, MetricRecord, RecordDict
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
        self._known: dict[int, int | None] = {}

    def of_clients(self, grid: Grid) -> dict[int, int]:
        """The nodes that are connected now; new ones are asked who they are.

        Args:
            grid: Of Flower.

        Returns:
            Client -> node, clients ascending. Of two nodes of a client the one that connected last: Flower counts one
            that was killed as connected for a while.
        """
        there = set(grid.get_node_ids())
        asked = [
            Message(RecordDict(), dst_node_id=node, message_type=MessageType.QUERY)
            for node in sorted(there - self._known.keys())
        ]
        for reply in grid.send_and_receive(asked, timeout=ASK_SECONDS) if asked else ():
            if not reply.has_error():
                said = reply.content.metric_records.get(METRICS, MetricRecord()).get(CLIENT)
                # Also who is none of them is known: asking again would take time in every round.
                client = next((number for number in range(self._num_clients) if number == said), None)
                self._known[reply.metadata.src_node_id] = client
        self._known = {node: client for node, client in self._known.items() if node in there}
        found = {client: node for node, client in self._known.items() if client is not None}
        return dict(sorted(found.items()))

    def wait(self, grid: Grid, seconds: float) -> None:
        """Wait until all clients are connected.

        Args:
            grid: Of Flower.
            seconds: How long at most.

        Raises:
            InputError: They aren't by then, or two nodes are the same client.
        """
        end = time.monotonic() + seconds
        while True:
            found = self.of_clients(grid)
            clients = Counter(client for client in self._known.values() if client is not None)
            if twice := [client for client in clients if clients[client] > 1]:
                expected, remedy = f"one node for client {twice[0]}", "give each a partition-id of its own"
                raise InputError(expected, f"{clients[twice[0]]}", "the SuperNodes", remedy)
            if len(found) == self._num_clients:
                return
            if time.monotonic() > end:
                missing = sorted(set(range(self._num_clients)) - found.keys())
                raise InputError(
                    f"{self._num_clients} clients, numbered from 0", f"no client {short_list(missing)}",
                    f"the nodes that connected in {seconds:g} seconds",
                    'start their SuperNodes, with --node-config "partition-id=0", 1, ..., or raise wait',
                )  # fmt: skip
            time.sleep(LOOK_SECONDS)
