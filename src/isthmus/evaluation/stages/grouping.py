"""Which operators of a forward pass run together, as a stage."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from torch import fx

from isthmus.evaluation.stages.export import OperatorGraph

Groups = list[list[fx.Node]]
Labels = frozenset[str]
NONE: Labels = frozenset()


def groups_by_dependence(graph: OperatorGraph, label_of: Mapping[str, str]) -> Groups:
    """Operators that depend on the same layers' weights together, so that nothing is computed more often than it must.

    An operator depends on the layers that it reads, and on those that what it reads depends on. One that writes in
    place also depends on what the earlier readers of that memory depend on, so that it runs after them.
    What is made of weights alone and read by one group belongs to that group.

    Args:
        graph: From `operator_graph`.
        label_of: Key of a weight -> label of its layer.

    Returns:
        Groups in the order of their first operators, which need not be one in which they can run.
    """
    group_of = _dependences(graph, label_of)
    _join_weights_to_their_reader(graph, group_of)
    groups: dict[Labels, list[fx.Node]] = {}
    for node in graph.calls:
        groups.setdefault(group_of[node], []).append(node)
    return list(groups.values())


def _dependences(graph: OperatorGraph, label_of: Mapping[str, str]) -> dict[fx.Node, Labels]:
    of_node: dict[fx.Node, Labels] = {}
    of_storage: dict[int, Labels] = {}
    of_readers: dict[int, Labels] = {}
    for node in graph.calls:
        sources = node.all_input_nodes
        read = {storage for source in sources if source not in graph.weights for storage in graph.storages(source)}
        written = graph.written(node)
        labels = frozenset(label_of[graph.weights[source]] for source in sources if source in graph.weights).union(
            *(of_node.get(source, NONE) for source in sources),
            *(of_storage.get(storage, NONE) for storage in read),
            *(of_readers.get(storage, NONE) for storage in written),
        )
        of_node[node] = labels
        for storage in written | graph.storages(node):
            of_storage[storage] = of_storage.get(storage, NONE) | labels
        for storage in read:
            of_readers[storage] = of_readers.get(storage, NONE) | labels
    return of_node


def _join_weights_to_their_reader(graph: OperatorGraph, group_of: dict[fx.Node, Labels]) -> None:
    """Move what is made of weights alone, such as a transposed matrix, to the group that reads it."""
    written = frozenset().union(*(graph.written(node) for node in graph.calls))
    of_batch = set(graph.inputs)
    for node in graph.calls:
        if any(source in of_batch for source in node.all_input_nodes) or graph.storages(node) & written:
            of_batch.add(node)
    for node in reversed(graph.calls):
        readers = {group_of[user] for user in node.users if user in group_of}
        if node not in of_batch and group_of[node] and len(readers) == 1 and node is not graph.result:
            (group_of[node],) = readers


def groups_in_order(graph: OperatorGraph, label_of: Mapping[str, str]) -> Groups:
    """Consecutive operators together, from the first one that reads weights of a layer to the next such one.

    What runs before any weights are read is a group of its own.

    Args:
        graph: From `operator_graph`.
        label_of: Key of a weight -> label of its layer.

    Returns:
        Groups in the order of execution.
    """
    starts = [0]
    known: set[str] = set()
    for number, node in enumerate(graph.calls):
        read = {label_of[graph.weights[source]] for source in node.all_input_nodes if source in graph.weights}
        # A group may use layers of earlier ones again; only a layer that is new begins one.
        if read - known:
            known |= read
            starts.append(number)
    bounds = _separable(graph, list(dict.fromkeys([*starts, len(graph.calls)])))
    return [list(graph.calls[start:stop]) for start, stop in pairwise(bounds)]


def _separable(graph: OperatorGraph, bounds: list[int]) -> list[int]:
    """The bounds without the cuts through which two views of one memory pass that a group changes in place."""
    # A single tensor is copied before it is changed; copies of two views would no longer be views of one another.
    while True:
        for number, changed in enumerate(_changed(graph, bounds)):
            storages = [storage for node in changed for storage in graph.storages(node)]
            if number and len(set(storages)) < len(storages):
                bounds = bounds[:number] + bounds[number + 1 :]
                break
        else:
            return bounds


def _changed(graph: OperatorGraph, bounds: Iterable[int]) -> Iterator[list[fx.Node]]:
    """For each group the values from before it, still read in it or later, that it changes in place."""
    last_use = graph.last_uses()
    live = set(graph.inputs)
    for start, stop in pairwise(bounds):
        calls = graph.calls[start:stop]
        written = frozenset().union(*(graph.written(node) for node in calls))
        yield [node for node in live if graph.storages(node) & written]
        live = {node for node in (*live, *calls) if last_use.get(node, -1) >= stop}
