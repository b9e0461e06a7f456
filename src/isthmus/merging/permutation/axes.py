"""From a graph of operators to what the axes of its weights are made of."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, fx

from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.merging.permutation.operators import elementwise, products, shapes, statistics
from isthmus.merging.permutation.operators.call import Axes, Call, Values, held, plain, shape_of
from isthmus.merging.permutation.unification import fix, unify
from isthmus.weights.state import StateDict, is_blendable

HANDLERS = elementwise.HANDLERS | shapes.HANDLERS | products.HANDLERS | statistics.HANDLERS
INPUTS = "they are the network's inputs"
OUTPUTS = "they are the network's outputs"
NUMBERS = "the values along it belong to their places"


@dataclass(frozen=True)
class GraphAxes:
    """What every axis of a network is made of.

    Attributes:
        weights: Key -> its axes, in the order in which the graph reads them.
        values: The axes of every tensor of the graph.
    """

    weights: dict[str, Axes]
    values: Values


def graph_axes(graph: OperatorGraph, weights: StateDict, ties: Sequence[Iterable[str]]) -> GraphAxes:
    """Follow the axes of all tensors through a graph.

    Args:
        graph: A network.
        weights: One network's; integers are read, since what they name must stay.
        ties: Keys that stand for one tensor.

    Returns:
        What is free may be permuted, everywhere alike, without changing what the network computes.
    """
    values: Values = {node: held(shape_of(node.meta["val"]), INPUTS) for node in graph.inputs}
    by_key: dict[str, Axes] = {}
    for node, key in graph.weights.items():
        tensor = weights[key]
        values[node] = by_key[key] = plain(tensor.shape) if is_blendable(tensor) else _constant(tensor)
    for first, *others in ([key for key in keys if key in by_key] for keys in ties if set(keys) & by_key.keys()):
        for other in others:
            for one, extent in zip(by_key[first], by_key[other], strict=True):
                unify(one, extent)
    values |= {node: _constant(value) for node, value in graph.constants.items() if isinstance(value, Tensor)}
    for node in graph.calls:
        found = _axes_of(node, values)
        if found is not None:
            values[node] = found
    for place in cast("Axes", values[graph.result]):
        fix(place, OUTPUTS)
    return GraphAxes(_in_order_of_use(graph, by_key), values)


def _in_order_of_use(graph: OperatorGraph, by_key: dict[str, Axes]) -> dict[str, Axes]:
    used = [graph.weights[node] for call in graph.calls for node in call.all_input_nodes if node in graph.weights]
    return {key: by_key[key] for key in dict.fromkeys([*used, *by_key])}


def _constant(tensor: Tensor) -> Axes:
    """The axes of a tensor that is what it is: only where it repeats itself may its places be permuted."""
    axes = plain(tensor.shape)
    for place, extent in enumerate(axes):
        if tensor.numel() and not torch.equal(tensor, tensor.narrow(place, 0, 1).expand_as(tensor)):
            fix(extent, NUMBERS)
    return axes


def _axes_of(node: fx.Node, values: Values) -> "Axes | list[Axes | None] | None":
    made = node.meta.get("val")
    if node.target is operator.getitem:
        several, place = values.get(node.args[0]), node.args[1]  # type: ignore[arg-type]
        return several[place] if isinstance(several, list) else several  # type: ignore[index]
    if not isinstance(made, Tensor | tuple | list):
        return None
    is_known = isinstance(node.target, torch._ops.OpOverload) and node.target.namespace == "aten"
    name = node.target._opname.removesuffix("_") if is_known else str(node.target)  # type: ignore[union-attr]
    call = Call(node, name, values)
    handler = HANDLERS.get(name) if is_known else None
    if handler is None and is_known and torch.Tag.pointwise in node.target.tags:  # type: ignore[union-attr]
        handler = elementwise.elementwise
    if handler is not None:
        try:
            return handler(call)
        except (KeyError, IndexError, NotImplementedError, TypeError, ValueError) as error:
            reason = f"{name} here is not understood ({error})"
    else:
        reason = f"{name} is not known to keep what units mean"
    for axes in call.tensors():
        for extent in axes:
            fix(extent, reason)
    if isinstance(made, Tensor):
        return held(shape_of(made), reason)
    return [held(shape_of(one), reason) for one in made]
