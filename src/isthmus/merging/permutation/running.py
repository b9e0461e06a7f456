"""The tensors inside a network, read from its graph."""

from collections.abc import Collection, Generator, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx

from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.trees import Tree, tensors
from isthmus.weights.casting import cast_tensor
from isthmus.weights.state import StateDict

Seen: TypeAlias = tuple[fx.Node, Tensor]
"""An operator, and what it made."""


def values_inside(
    graph: OperatorGraph, weights: StateDict, inputs: Tree, wanted: Collection[fx.Node]
) -> Generator[Seen, Tensor | None, None]:
    """Run a graph operator by operator.

    A value that is sent back takes the place of the one that was shown.

    Args:
        graph: A network.
        weights: Its entries, on the device and in the type to compute in; not changed.
        inputs: A batch.
        wanted: Operators; nothing runs after the last of them.

    Yields:
        Each of them, as soon as it has run, with what it made.
    """
    made: dict[fx.Node, Any] = dict(zip(graph.inputs, tensors(inputs), strict=True))
    made |= {node: weights[key] for node, key in graph.weights.items()} | dict(graph.constants)
    last, missing = graph.last_uses(), set(wanted)
    for number, node in enumerate(graph.calls):
        if not missing:
            return
        args: Any = fx.node.map_arg(node.args, made.__getitem__)
        kwargs: Any = fx.node.map_arg(node.kwargs, made.__getitem__)
        with torch.no_grad():
            made[node] = node.target(*args, **kwargs)  # type: ignore[operator]
        if node in missing:
            missing.discard(node)
            other = yield node, made[node]
            made[node] = made[node] if other is None else other
        for source in node.all_input_nodes:
            if last.get(source, number) == number and source.op == "call_function":
                made.pop(source, None)


def moved(weights: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """Weights to compute with.

    Args:
        weights: A network's.
        device: Where.
        dtype: In which type.

    Returns:
        The same entries; integers stay integers.
    """
    return {key: cast_tensor(tensor.to(device), dtype) for key, tensor in weights.items()}
