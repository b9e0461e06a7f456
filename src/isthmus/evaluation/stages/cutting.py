"""Cutting a graph of operators into stages. A stage begins where a new layer's weights are first used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import fx

from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.stages import Stage, StagedNetwork
from isthmus.layers.partition import LayerPartition


def cut(graph: OperatorGraph, layers: LayerPartition) -> StagedNetwork:
    """Cut a graph in the order of execution, wherever an operator reads weights of a layer not read before.

    What runs before any weights are read is a stage of its own, which all points share.

    Args:
        graph: From `operator_graph`.
        layers: Labels the weights.

    Returns:
        The stages.

    Raises:
        NotImplementedError: An operator changes a weight or a constant in place.
    """
    label_of = {key: label for label in layers for key in layers[label]}
    _refuse_changed_weights(graph)
    starts = [0]
    known: set[str] = set()
    for number, node in enumerate(graph.calls):
        read = {label_of[graph.weights[source]] for source in node.all_input_nodes if source in graph.weights}
        # A stage may use layers of earlier stages again; only a layer that is new begins one.
        if read - known:
            known |= read
            starts.append(number)
    bounds = _separable(graph, list(dict.fromkeys([*starts, len(graph.calls)])))
    stages = tuple(_stage(graph, label_of, piece) for piece in _pieces(graph, bounds))
    return StagedNetwork(stages, tuple(node.name for node in graph.inputs), graph.result.name)


@dataclass(frozen=True)
class _Piece:
    """The operators of a stage, the live values they read, those that they change in place, and those live after."""

    calls: tuple[fx.Node, ...]
    reads: tuple[fx.Node, ...]
    changed: frozenset[fx.Node]
    leaves: frozenset[fx.Node]


def _pieces(graph: OperatorGraph, bounds: Sequence[int]) -> Iterator[_Piece]:
    fixed = graph.weights.keys() | graph.constants.keys()
    last_use = {source: number for number, node in enumerate(graph.calls) for source in node.all_input_nodes}
    last_use[graph.result] = len(graph.calls)
    live: set[fx.Node] = set(graph.inputs)
    for start, stop in pairwise(bounds):
        calls = graph.calls[start:stop]
        sources = dict.fromkeys(source for node in calls for source in node.all_input_nodes)
        reads = tuple(source for source in sources if source not in fixed and source in live)
        written = frozenset().union(*(graph.written(node) for node in calls))
        changed = frozenset(node for node in live if graph.storages(node) & written)
        # Live is what a later stage still reads; all else can be freed at the boundary.
        live = {node for node in (*live, *calls) if last_use.get(node, -1) >= stop}
        yield _Piece(calls, reads, changed, frozenset(live))


def _separable(graph: OperatorGraph, bounds: list[int]) -> list[int]:
    """The bounds without the cuts through which two views of one memory pass that a stage changes in place."""
    # A single tensor is copied before it is changed; copies of two views would no longer be views of one another.
    while True:
        for number, piece in enumerate(_pieces(graph, bounds)):
            storages = [storage for node in piece.changed for storage in graph.storages(node)]
            if number and len(set(storages)) < len(storages):
                bounds = bounds[:number] + bounds[number + 1 :]
                break
        else:
            return bounds


def _refuse_changed_weights(graph: OperatorGraph) -> None:
    written = frozenset().union(*(graph.written(node) for node in graph.calls))
    for node in (*graph.weights, *graph.constants):
        if graph.storages(node) & written:
            raise NotImplementedError(f"the forward pass changes {graph.weights.get(node, node.name)!r} in place")


def _stage(graph: OperatorGraph, label_of: Mapping[str, str], piece: _Piece) -> Stage:
    body = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    constants: dict[str, Any] = {}
    sources = dict.fromkeys(source for node in piece.calls for source in node.all_input_nodes)
    weights = [source for source in sources if source in graph.weights]
    reads = (*piece.reads, *sorted(piece.changed - set(piece.reads), key=lambda node: node.name))
    for node in (*reads, *weights):
        copies[node] = body.placeholder(node.name)
    for node in reads:
        if node in piece.changed:
            # Other points start from the same value, so what is written in place is written into a copy.
            copies[node] = body.call_function(torch.ops.aten.clone.default, (copies[node],))
    for node in sources:
        if node in graph.constants:
            constants[node.name] = graph.constants[node]
            copies[node] = body.get_attr(node.name)
    for node in piece.calls:
        copies[node] = body.node_copy(node, copies.__getitem__)
        copies[node].meta = {}
    made = {*piece.calls, *piece.changed}
    writes = tuple(sorted((node for node in piece.leaves if node in made), key=lambda node: node.name))
    body.output(tuple(copies[node] for node in writes))
    return Stage(
        layers=tuple(dict.fromkeys(label_of[graph.weights[node]] for node in weights)),
        keys=tuple(graph.weights[node] for node in weights),
        reads=tuple(node.name for node in reads),
        writes=tuple(node.name for node in writes),
        leaves=frozenset(node.name for node in piece.leaves),
        function=fx.GraphModule(constants, body),
    )
