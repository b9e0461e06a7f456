"""A network as a graph of operators, with the tensors that each of them writes to."""

import linecache
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._dynamo.exc import UserError
from torch.export import Dim, ExportedProgram
from torch.export.graph_signature import InputKind, InputSpec
from torch.fx import graph_module
from torch.utils._pytree import tree_leaves, tree_map_only

from isthmus.evaluation.output import USUAL_OUTPUT, Output
from isthmus.evaluation.stages.masks import decided_masks
from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.trees import Tree, arguments

NamedLayers = tuple[tuple[str, tuple[str, ...]], ...]
"""The layers of a partition in their order: labels and keys."""

WITHOUT_EFFECT = {torch.ops.aten.detach_.default}  # named in-place, but concerns gradients alone


@dataclass(frozen=True)
class OperatorGraph:
    """One forward pass as operators in the order in which they run; high-level ones (attention, convolution) are whole.

    Attributes:
        inputs: The nodes of the batch's tensors, in the order of `isthmus.trees.tensors`.
        weights: Nodes that stand for entries of the state dict, and their keys.
        constants: Nodes that stand for anything else that the forward pass reads: non-persistent buffers, tensors
            made in the code, sub-graphs. They are on the module's device and in its dtype.
        calls: The operators that the result depends on, and those that write in place.
        result: The node of the scores.
        cuts: Layers and stages of the last cut of each kind (`isthmus.evaluation.stages.cutting.kept_cut`).
    """

    inputs: tuple[fx.Node, ...]
    weights: dict[fx.Node, str]
    constants: dict[fx.Node, Any]
    calls: tuple[fx.Node, ...]
    result: fx.Node
    cuts: dict[bool, tuple[NamedLayers, StagedNetwork]] = field(default_factory=dict, repr=False, compare=False)

    def storages(self, node: fx.Node) -> frozenset[int]:
        """The pieces of memory that the values of a node lie in; nodes that share one are views of one another."""
        leaves = tree_leaves(node.meta.get("val"))
        return frozenset(leaf.untyped_storage()._cdata for leaf in leaves if isinstance(leaf, Tensor))

    def written(self, node: fx.Node) -> frozenset[int]:
        """The pieces of memory that an operator writes to, in place."""
        return frozenset(storage for argument in _written_arguments(node) for storage in self.storages(argument))

    def last_uses(self) -> dict[fx.Node, int]:
        """The place among the calls of the last operator that reads each node; past them all for the result."""
        found = {source: number for number, node in enumerate(self.calls) for source in node.all_input_nodes}
        return found | {self.result: len(self.calls)}


class _Scores(nn.Module):
    """The module with its scores alone as output, so that whatever else it returns is not computed."""

    def __init__(self, module: nn.Module, pick: Output) -> None:
        super().__init__()
        self.module, self.pick = module, pick

    def forward(self, inputs: Tree) -> Tensor:
        args, kwargs = arguments(inputs)
        return self.pick(self.module(*args, **kwargs))


def operator_graph(
    module: nn.Module, inputs: Tree, is_weight: Callable[[str], bool], pick: Output = USUAL_OUTPUT
) -> OperatorGraph:
    """Export a module for batches of any size.

    The graph is not decomposed: its operators are those that the module calls, in-place ones included.

    Args:
        module: A network in evaluation mode; not changed.
        inputs: Two examples or more, on the module's device.
        is_weight: Whether a name of a parameter or buffer is a key of the state dict. What is none is a constant.
        pick: From what the module returns to its scores.

    Returns:
        The graph.

    Raises:
        NotImplementedError: The graph holds for one number of examples only, or inputs of a kind that is not known.
        Exception: Whatever `torch.export` raises on a module that it cannot export.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        sizes = tree_map_only(Tensor, lambda _: {0: Dim.DYNAMIC}, inputs)
        scores = _Scores(module, pick)
        # Clones, since forward may write to its inputs and they are exported next.
        with decided_masks(module, lambda: scores(tree_map_only(Tensor, Tensor.clone, inputs))):
            program = _program(scores, inputs, sizes)
    weights: dict[fx.Node, str] = {}
    constants: dict[fx.Node, Any] = {
        node: attrgetter(str(node.target))(program.graph_module) for node in program.graph.find_nodes(op="get_attr")
    }
    batch: list[fx.Node] = []
    for node, spec in zip(program.graph.find_nodes(op="placeholder"), program.graph_signature.input_specs, strict=True):
        key = (spec.target or "").removeprefix("module.")
        if spec.kind is InputKind.USER_INPUT:
            batch.append(node)
        elif spec.kind in {InputKind.PARAMETER, InputKind.BUFFER} and is_weight(key):
            weights[node] = key
        else:
            constants[node] = _constant(program, spec)
    assert batch
    (result,) = tree_leaves(program.graph.output_node().args)
    return OperatorGraph(tuple(batch), weights, constants, _needed(program.graph, result), result)


def _program(scores: nn.Module, inputs: Tree, sizes: Tree) -> ExportedProgram:
    with _fixed_sizes() as places:
        try:
            return torch.export.export(scores, (inputs,), dynamic_shapes=(sizes,), strict=False)
        except UserError as error:
            if "Constraints violated" not in str(error):
                raise
        try:
            # It follows the code itself, where `len(x)` may stay open; above, Python makes it a number.
            return torch.export.export(scores, (inputs,), dynamic_shapes=(sizes,), strict=True)
        except Exception as error:
            place = f" ({places[-1]})" if places else ""
            raise NotImplementedError(f"forward is another for another number of examples{place}") from error


@contextmanager
def _fixed_sizes() -> Iterator[list[str]]:
    """Notes the lines at which the exporter takes a size for a fixed number ("nets.py, line 12"): it only logs them."""
    places: list[str] = []

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.search(r"Eq\(s\d+, \d+\) \[guard added\] .*?([^/\s(]+):(\d+) in ", record.getMessage())
            if found:
                places.append(f"{found[1]}, line {found[2]}")

    shapes, guards = (logging.getLogger(f"torch.{name}") for name in ("fx.experimental.symbolic_shapes", "_guards"))
    before = shapes.handlers, shapes.level, shapes.propagate, guards.disabled
    shapes.handlers, shapes.propagate, guards.disabled = [Notes()], False, True
    shapes.setLevel(logging.INFO)
    try:
        yield places
    finally:
        shapes.handlers, level, shapes.propagate, guards.disabled = before
        shapes.setLevel(level)


def _constant(program: ExportedProgram, spec: InputSpec) -> Any:
    for known in (program.constants, program.state_dict):
        if spec.target in known:
            return known[spec.target]
    raise NotImplementedError(f"the exported graph takes a {spec.kind.name.lower()}")


def _needed(graph: fx.Graph, result: fx.Node) -> tuple[fx.Node, ...]:
    needed = {result}
    # Backwards, an operator is met after all that use it. One that writes in place counts as needed, whoever reads it.
    for node in reversed(graph.nodes):
        if node.op == "call_function" and (node in needed or _written_arguments(node)):
            needed.add(node)
            needed.update(node.all_input_nodes)
    return tuple(node for node in graph.nodes if node.op == "call_function" and node in needed)


def _written_arguments(node: fx.Node) -> list[fx.Node]:
    if not isinstance(node.target, torch._ops.OpOverload) or node.target in WITHOUT_EFFECT:
        return []
    arguments = node.target._schema.arguments
    # Not strict: a call leaves out what has its default.
    given = dict(zip((argument.name for argument in arguments), node.args, strict=False)) | node.kwargs
    written = [given.get(a.name) for a in arguments if a.alias_info is not None and a.alias_info.is_write]
    return [leaf for leaf in tree_leaves(written) if isinstance(leaf, fx.Node)]


@contextmanager
def forgotten_exports() -> Iterator[None]:
    """Let go of what PyTorch keeps of graphs that are made in the block; they run as before.

    It keeps the source of every graph that was ever made, for tracebacks: a process that measures often grows.

    Yields:
        Nothing.
    """
    sources: dict[Any, Any] = getattr(getattr(graph_module, "_loader", None), "eval_cache", {})
    before = set(sources)
    try:
        yield
    finally:
        for name in sources.keys() - before:
            del sources[name]
            linecache.cache.pop(name, None)
