"""One export for several measurements of the same model."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import nn

from isthmus.evaluation.output import USUAL_OUTPUT, Output
from isthmus.evaluation.stages.export import OperatorGraph, operator_graph
from isthmus.identity import identity_of
from isthmus.trees import Tree, named_tensors
from isthmus.weights.state import content_hash

_kept: ContextVar[dict[str, OperatorGraph] | None] = ContextVar("kept_graphs", default=None)
_recent: OrderedDict[str, OperatorGraph] = OrderedDict()
MOST_RECENT = 4  # graphs, outside of a block; of the models of today's work, whose constants they hold


@contextmanager
def kept_graphs(kept: dict[str, OperatorGraph] | None = None) -> Iterator[None]:
    """Export each module once while the block runs, for several pairs of weights.

    A graph does not depend on the weights, and modules of other code or with other attributes have graphs of their own
    (but for attributes that can't be read, see `isthmus.identity`). What is taken from an earlier export is compared
    with the network on the measured data like any other (`isthmus.evaluation.stages.staging`).

    Args:
        kept: What earlier blocks exported, to be added to; None for nothing.

    Yields:
        Nothing.
    """
    token = _kept.set({} if kept is None else kept)
    try:
        yield
    finally:
        _kept.reset(token)


def graph_of(module: nn.Module, inputs: Tree, keys: frozenset[str], pick: Output = USUAL_OUTPUT) -> OperatorGraph:
    """The graph of a module, exported unless it is kept, or among the last few that were made.

    An export whose batch is open leaves some 100 KiB behind that PyTorch 2.13 never lets go of, so a process that
    measures one architecture again and again exports it once. A module with attributes that can't be read is exported
    anew each time.

    Args:
        module: A network in evaluation mode.
        inputs: Two examples or more.
        keys: What is a weight; the rest are constants.
        pick: Which of its outputs is measured.

    Returns:
        The graph, as from `isthmus.evaluation.stages.export.operator_graph`.
    """
    block = _kept.get()
    found = identity_of(module, "model", has_weights=False)
    if block is None and found.unknown:
        return operator_graph(module, inputs, keys.__contains__, pick)
    kept = _recent if block is None else block
    identity = _identity(module, found.text, inputs, keys, pick)
    if identity not in kept:
        kept[identity] = operator_graph(module, inputs, keys.__contains__, pick)
    if block is None:
        _recent.move_to_end(identity)
        while len(_recent) > MOST_RECENT:
            _recent.popitem(last=False)
    return kept[identity]


def _identity(module: nn.Module, code: str, inputs: Tree, keys: frozenset[str], pick: Output) -> str:
    named = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    shapes = [(key, tuple(tensor.shape), str(tensor.dtype), str(tensor.device)) for key, tensor in named]
    # What is no weight is baked into the graph, so its values count.
    constants = content_hash({key: tensor for key, tensor in named if key not in keys})
    # Without the batch size, which the graph leaves open.
    batch = [(k, tuple(t.shape[1:]), str(t.dtype), str(t.device)) for k, t in named_tensors(inputs).items()]
    facts = (code, repr(module), shapes, constants, sorted(keys), batch, pick)
    return hashlib.sha256(repr(facts).encode()).hexdigest()
