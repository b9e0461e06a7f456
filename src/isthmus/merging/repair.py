"""REPAIR: an averaged network whose units are as spread as those of the networks it was made of.

Averaging two networks makes their units vary less from example to example, the more so the deeper they stand (Jordan et
al., 2023, "REPAIR: REnormalizing Permuted Activations for Interpolation Repair"). Where BatchNorm normalises them its
running statistics are measured anew. Where nothing does, every unit of a linear map or convolution gets the mean and
the standard deviation that lie between those of the ends, mu = (1 - alpha) mu_a + alpha mu_b, and the change is folded
into its weight and bias: w' = s w, b' = s (b - m) + mu with s = sigma / (standard deviation now), m the mean now. The
architecture stays.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.batches import batch_bounds, default_batch_size
from isthmus.evaluation.losses.loss import loss_named
from isthmus.evaluation.network import Network
from isthmus.evaluation.normalization import Recalibration, normalization_modules
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.kept_graphs import graph_of
from isthmus.merging.permutation.axes import OUTPUTS, graph_axes
from isthmus.merging.permutation.extents import units_of
from isthmus.merging.permutation.operators.call import Call
from isthmus.merging.permutation.running import Seen, moved, values_inside
from isthmus.runs.subject.fitted_examples import fitted_examples
from isthmus.trees import Tree, join_trees, take_rows
from isthmus.weights.state import StateDict, tied_keys

MADE_BY = {  # operator -> arguments for weight and bias, the weight's dimension of units, the output's
    "linear": ("weight", "bias", 0, -1),
    "addmm": ("mat2", "self", 1, -1),
    "conv1d": ("weight", "bias", 0, 1),
    "conv2d": ("weight", "bias", 0, 1),
    "conv3d": ("weight", "bias", 0, 1),
}


@dataclass(frozen=True)
class Producer:
    """An operator that makes units from a weight of its own.

    Attributes:
        node: The operator.
        weight: Its weight's key.
        bias: Its bias's key; None where it has none.
        weight_dim: The dimension of the units in the weight.
        dim: Their dimension in what it makes.
    """

    node: fx.Node
    weight: str
    bias: str | None
    weight_dim: int
    dim: int


def restored(
    module: nn.Module,
    weights: StateDict,
    ends: tuple[StateDict, StateDict],
    alphas: Mapping[str, float],
    examples: Examples,
    *,
    repair: bool,
) -> dict[str, Tensor]:
    """An averaged network with statistics of its own.

    Args:
        module: The model.
        weights: The average, in the type to compute in.
        ends: Network a, and network b aligned to it.
        alphas: Key of a weight -> how far from a to b it was taken.
        examples: Of a training split.
        repair: Whether units are rescaled where there are no running statistics.

    Returns:
        Weights under the same keys and types.
    """
    dtype = next(tensor.dtype for tensor in weights.values() if tensor.is_floating_point())
    network = Network.from_model(module, loss_named("cross_entropy"), torch.device("cpu"), dtype)
    fitted = fitted_examples(examples, network.module)
    if repair:
        return repaired(network, weights, ends, alphas, fitted)
    return recalibrated(network, weights, fitted)


def recalibrated(network: Network, weights: StateDict, examples: Examples) -> dict[str, Tensor]:
    """A network whose running statistics are measured anew, as `isthmus.measure` does under `recalibrate`.

    Args:
        network: The model.
        weights: Its weights.
        examples: Of a training split, on the network's device.

    Returns:
        Weights that share all other entries.

    Raises:
        InputError: The model keeps no running statistics.
    """
    if not normalization_modules(network.module):
        raise InputError(
            "a network with running statistics, such as BatchNorm's",
            f"{type(network.module).__name__} without any",
            "--batch-norm recalibrate",
            "add --repair, which rescales the units of such networks",
        )
    return Recalibration(network, examples, default_batch_size(network.device, examples.longest))(dict(weights))


def repaired(
    network: Network,
    weights: StateDict,
    ends: tuple[StateDict, StateDict],
    alphas: Mapping[str, float],
    examples: Examples,
) -> dict[str, Tensor]:
    """An averaged network with the statistics of its units restored.

    Args:
        network: The model.
        weights: The average.
        ends: Network a, and network b aligned to it.
        alphas: Key of a weight -> how far from a to b it was taken.
        examples: Of a training split, on the network's device.

    Returns:
        Weights under the same keys and types.
    """
    if normalization_modules(network.module):
        return recalibrated(network, weights, examples)
    size = default_batch_size(network.device, examples.longest)
    batches = [
        examples.batch(start, stop, network.device, network.dtype)[0]
        for start, stop in batch_bounds(len(examples), size)
    ]
    two = take_rows(join_trees([batches[0], batches[0]]), slice(2))
    graph = graph_of(network.module, two, frozenset(weights), network.output)
    producers = {one.node: one for one in _producers(graph, weights, tied_keys(network.module))}
    at_a, at_b = (_at_end(graph, producers, moved(end, network.device, network.dtype), batches) for end in ends)
    found = moved(weights, network.device, network.dtype)
    # All batches go through the network side by side, so that what follows a unit sees it repaired.
    runs = [values_inside(graph, found, batch, producers) for batch in batches]
    seen = [next(run, None) for run in runs]
    while seen[0] is not None:
        values = [value for _, value in filter(None, seen)]
        one = producers[seen[0][0]]
        share = alphas.get(one.weight, 0.0)
        goal = _Moments(*((1 - share) * p + share * q for p, q in zip(at_a[one.node], at_b[one.node], strict=True)))
        now = _moments(values, one.dim)
        scale = torch.where(now.spread > 0, goal.spread / now.spread.clamp(min=1e-30), 1.0)
        shift = goal.mean - scale * now.mean if one.bias is not None else torch.zeros_like(scale)
        found[one.weight] = _scaled(found[one.weight], one.weight_dim, scale)
        if one.bias is not None:
            found[one.bias] = _scaled(found[one.bias], 0, scale, shift)
        seen = [_after(run, _scaled(v, one.dim, scale, shift)) for run, v in zip(runs, values, strict=True)]
    return {key: found[key].to(device=tensor.device, dtype=tensor.dtype) for key, tensor in weights.items()}


class _Moments(NamedTuple):
    mean: Tensor
    spread: Tensor


def _moments(values: Sequence[Tensor], dim: int) -> _Moments:
    """Mean and standard deviation of every unit, in float64."""
    rows = [value.movedim(dim, 0).flatten(1).double() for value in values]
    count = sum(row.shape[1] for row in rows)
    mean = torch.stack([row.sum(1) for row in rows]).sum(0) / count
    square = torch.stack([(row - mean[:, None]).square().sum(1) for row in rows]).sum(0) / count
    return _Moments(mean, square.sqrt())


def _at_end(
    graph: OperatorGraph, producers: Mapping[fx.Node, Producer], weights: StateDict, batches: Sequence[Tree]
) -> dict[fx.Node, _Moments]:
    runs = zip(*(values_inside(graph, weights, batch, producers) for batch in batches), strict=True)
    return {seen[0][0]: _moments([value for _, value in seen], producers[seen[0][0]].dim) for seen in runs}


def _scaled(tensor: Tensor, dim: int, scale: Tensor, shift: Tensor | None = None) -> Tensor:
    shape = [1] * tensor.ndim
    shape[dim] = -1
    found = tensor.double() * scale.reshape(shape)
    return (found if shift is None else found + shift.reshape(shape)).to(tensor.dtype)


def _after(run: Generator[Seen, Tensor, None], value: Tensor) -> Seen | None:
    """What a run shows next, after going on with another value."""
    try:
        return run.send(value)
    except StopIteration:
        return None


def _producers(graph: OperatorGraph, weights: StateDict, ties: Sequence[Sequence[str]]) -> Iterator[Producer]:
    """Operators with a weight that nothing else reads, apart from those that make the outputs."""
    axes = graph_axes(graph, weights, ties)
    uses = Counter(node for call in graph.calls for node in call.all_input_nodes)
    tied = {key for keys in ties for key in keys}

    def own(node: object) -> str | None:
        key = graph.weights.get(node) if isinstance(node, fx.Node) else None
        return key if isinstance(node, fx.Node) and uses[node] == 1 and key not in tied else None

    for node in graph.calls:
        name = getattr(node.target, "_opname", "")
        if name not in MADE_BY:
            continue
        of_weight, of_bias, weight_dim, dim = MADE_BY[name]
        call = Call(node, name, axes.values)
        weight, given = own(call.argument(of_weight)), call.argument(of_bias)
        bias = own(given)
        makes_outputs = {units.reason for units in units_of(call.axes_of(node)[dim])} == {OUTPUTS}
        if weight is not None and (given is None or bias is not None) and not makes_outputs:
            yield Producer(node, weight, bias, weight_dim, dim)
