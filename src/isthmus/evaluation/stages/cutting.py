"""Cutting a graph of operators into stages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx

from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.grouping import Groups, groups_by_dependence, groups_in_order
from isthmus.evaluation.stages.stages import Source, Stage, StagedNetwork
from isthmus.evaluation.stages.wiring import INPUTS
from isthmus.layers.partition import LayerPartition


def kept_cut(graph: OperatorGraph, layers: LayerPartition, *, in_order: bool = False) -> StagedNetwork:
    """The stages of a graph, which are kept with it until it is cut for other layers.

    A stage is a `torch.fx.GraphModule`, which makes a class and a code of its own and refers to itself: one that is let
    go stays until Python next looks for cycles among all its objects, some hundred measurements later.

    Args:
        graph: From `operator_graph`; it keeps the last cut of each kind.
        layers: Labels the weights.
        in_order: Whether to cut as `cut_in_order` does, in place of `cut`.

    Returns:
        The stages.

    Raises:
        NotImplementedError: An operator changes a weight or a constant in place.
    """
    kept, named = graph.cuts.get(in_order), tuple(layers.layers.items())
    if kept is None or kept[0] != named:
        kept = graph.cuts[in_order] = named, (cut_in_order if in_order else cut)(graph, layers)
    return kept[1]


def cut(graph: OperatorGraph, layers: LayerPartition) -> StagedNetwork:
    """Cut a graph so that a stage depends on no layer that some of its operators could do without.

    Args:
        graph: From `operator_graph`.
        layers: Labels the weights.

    Returns:
        The stages; those of `cut_in_order` where one memory is changed in place through several views.

    Raises:
        NotImplementedError: An operator changes a weight or a constant in place.
    """
    label_of = _labels(graph, layers)
    try:
        pieces, last = _pieces(graph, groups_by_dependence(graph, label_of))
    except _SeveralViewsError:
        return cut_in_order(graph, layers)
    return _staged(graph, label_of, pieces, _by_branches(pieces, last))


def cut_in_order(graph: OperatorGraph, layers: LayerPartition) -> StagedNetwork:
    """Cut a graph in the order of execution, wherever an operator reads weights of a layer not read before.

    Args:
        graph: From `operator_graph`.
        layers: Labels the weights.

    Returns:
        The stages; all operators between the first use of a layer and that of the next are in one.

    Raises:
        NotImplementedError: An operator changes a weight or a constant in place.
    """
    label_of = _labels(graph, layers)
    pieces, last = _pieces(graph, groups_in_order(graph, label_of))
    return _staged(graph, label_of, pieces, sorted(_by_branches(pieces, last)))


class _SeveralViewsError(Exception):
    """Two views of one memory come into a group that changes it: their copies would not be views of one another."""


def _labels(graph: OperatorGraph, layers: LayerPartition) -> dict[str, str]:
    written = frozenset().union(*(graph.written(node) for node in graph.calls))
    for node in (*graph.weights, *graph.constants):
        if graph.storages(node) & written:
            raise NotImplementedError(f"the forward pass changes {graph.weights.get(node, node.name)!r} in place")
    if graph.result not in graph.calls:
        raise NotImplementedError("the forward pass returns what it was given")
    return {key: label for label in layers for key in layers[label]}


@dataclass
class _Piece:
    """A group of operators, with what it takes from others and hands to them.

    `provider` says for each operator and each value it reads which group has that value as it is then.
    """

    calls: list[fx.Node]
    written: frozenset[int]
    reads: dict[tuple[int, fx.Node], bool] = field(default_factory=dict)  # whether it is changed in place
    hands: dict[fx.Node, None] = field(default_factory=dict)
    provider: dict[tuple[fx.Node, fx.Node], int] = field(default_factory=dict)

    def read(self, graph: OperatorGraph, provider: int, node: fx.Node) -> None:
        """Take a value from another group."""
        if (provider, node) in self.reads:
            return
        memory = graph.storages(node) & self.written
        if any(memory & graph.storages(other) for _, other in self.reads):
            raise _SeveralViewsError
        self.reads[provider, node] = bool(memory)


def _pieces(graph: OperatorGraph, groups: Groups) -> tuple[list[_Piece], int]:
    """The groups with their reads and writes, and the group that has the result."""
    fixed = graph.weights.keys() | graph.constants.keys()
    pieces = [_Piece(calls, frozenset().union(*map(graph.written, calls))) for calls in groups]
    group_of = {node: number for number, calls in enumerate(groups) for node in calls}
    last_use = graph.last_uses()
    holder = dict.fromkeys(graph.inputs, INPUTS)

    def take(number: int, node: fx.Node) -> int:
        provider = holder[node]
        if provider != number:
            pieces[number].read(graph, provider, node)
            if provider != INPUTS:
                pieces[provider].hands[node] = None
        return provider

    for place, node in enumerate(graph.calls):
        number = group_of[node]
        piece = pieces[number]
        for source in node.all_input_nodes:
            if source not in fixed:
                piece.provider[node, source] = take(number, source)
        written = graph.written(node)
        if written:
            changed = [n for n in holder if last_use.get(n, -1) > place and graph.storages(n) & written]
            for other in changed:
                take(number, other)
                holder[other] = number
        holder[node] = number
    pieces[holder[graph.result]].hands[graph.result] = None
    return pieces, holder[graph.result]


def _by_branches(pieces: list[_Piece], last: int) -> list[int]:
    """The groups that the last one needs, in an order in which they can run, one branch after the other."""
    order: dict[int, None] = {}
    waiting = [last]
    while waiting:
        sources = {provider for provider, _ in pieces[waiting[-1]].reads if provider != INPUTS}
        missing = sorted(sources - order.keys())
        if missing:
            waiting.append(missing[0])
        else:
            order[waiting.pop()] = None
    return list(order)


def _staged(graph: OperatorGraph, label_of: Mapping[str, str], pieces: list[_Piece], order: list[int]) -> StagedNetwork:
    place = {number: position for position, number in enumerate(order)} | {INPUTS: INPUTS}
    stages = tuple(_stage(graph, label_of, number, pieces[number], place) for number in order)
    return StagedNetwork(stages, tuple(node.name for node in graph.inputs), graph.result.name)


def _stage(
    graph: OperatorGraph, label_of: Mapping[str, str], number: int, piece: _Piece, place: Mapping[int, int]
) -> Stage:
    body = fx.Graph()
    copies: dict[tuple[int, fx.Node], fx.Node] = {}
    constants: dict[str, Any] = {}
    sources = dict.fromkeys(source for node in piece.calls for source in node.all_input_nodes)
    weights = [source for source in sources if source in graph.weights]
    for provider, node in piece.reads:
        copies[provider, node] = body.placeholder(node.name)
    for node in weights:
        copies[INPUTS, node] = body.placeholder(node.name)
    for (provider, node), is_changed in piece.reads.items():
        if is_changed:
            # Other points start from the same value, so what is written in place is written into a copy.
            copied = body.call_function(torch.ops.aten.clone.default, (copies[provider, node],))
            copies[provider, node] = copies[number, node] = copied
    for node in sources:
        if node in graph.constants:
            constants[node.name] = graph.constants[node]
            copies[INPUTS, node] = body.get_attr(node.name)
    for node in piece.calls:
        given = {source: copies[piece.provider.get((node, source), INPUTS), source] for source in node.all_input_nodes}
        copies[number, node] = body.node_copy(node, given.__getitem__)
        copies[number, node].meta = {}
    writes = sorted(piece.hands, key=lambda node: node.name)
    body.output(tuple(copies[number, node] for node in writes))
    return Stage(
        layers=tuple(dict.fromkeys(label_of[graph.weights[node]] for node in weights)),
        keys=tuple(graph.weights[node] for node in weights),
        reads=tuple(Source(place[provider], node.name) for provider, node in piece.reads),
        writes=tuple(node.name for node in writes),
        function=fx.GraphModule(constants, body),
    )
