"""From a network to stages that are checked against it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.failures import failure_text
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.cost import stage_costs
from isthmus.evaluation.stages.cutting import kept_cut
from isthmus.evaluation.stages.export import forgotten_exports
from isthmus.evaluation.stages.kept_graphs import graph_of
from isthmus.evaluation.stages.stages import Source, Stage, StagedNetwork, Values
from isthmus.evaluation.stages.wiring import INPUTS
from isthmus.layers.partition import LayerPartition
from isthmus.paths.linear import Segment
from isthmus.trees import Tree, join_trees, map_tensors, take_rows, tensors
from isthmus.weights.casting import cast_weights
from isthmus.weights.state import StateDict, same_bits

# Of the largest output. Equality to the bit is the rule; a module that takes another route while it is exported (the
# fused path of nn.TransformerEncoderLayer) may sum in another order.
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}


def staged_network(
    network: Network, segment: Segment, examples: Examples, batch_size: BatchSize, *, in_order: bool = False
) -> StagedNetwork:
    """Cut a network into stages, and compare them with `functional_call`.

    Both run networks a and b and the blend half-way between them on the first batch, and the blend on the first example
    alone, so that nothing specialised to the exported weights or to a batch size passes.

    Args:
        network: The model; left unchanged.
        segment: The two networks, on the network's device.
        examples: What will be measured.
        batch_size: Examples at once; halved if memory runs out during the comparison.
        in_order: Whether to cut in the order of execution, so that what follows a layer is in one stage with it.

    Returns:
        The stages; a single one, with the reason, if the network cannot be exported or the stages differ from it by
        more than the tolerance (of the largest output: 1e-5 in float32, 1e-12 in float64, 0.02 in bfloat16).
    """
    inputs, _ = examples.batch(0, min(batch_size.size, len(examples)), network.device, network.dtype)
    try:
        one = take_rows(inputs, slice(1))
        # Two rows, if need be the first twice: the exporter fixes a dimension of size 1.
        two = take_rows(join_trees([inputs, inputs]), slice(2))
        with forgotten_exports():
            graph = graph_of(network.module, two, frozenset(_keys(segment)), network.output)
            staged = kept_cut(graph, segment.layers, in_order=in_order)
        difference = batch_size.attempt(
            lambda size: difference_from_network(network, segment, staged, [take_rows(inputs, slice(size)), one])
        )
    except Exception as error:  # the exporter fails in as many ways as there are models
        staged = whole_network(network, segment.layers, inputs, failure_text(error))
    else:
        detail = "equal to the bit" if difference == 0 else f"largest difference {difference:.2g} of the largest output"
        staged = replace(staged, agreement=detail)
        # Put so that NaN fails too.
        if not difference <= TOLERANCES[network.dtype]:
            staged = whole_network(network, segment.layers, inputs, f"the stages differ from the network: {detail}")
    give_back()  # the weights that were compared
    # Costs are counted on one example, so that they hold for any batch size.
    one = map_tensors(Tensor.clone, take_rows(inputs, slice(1)))
    return replace(staged, costs=stage_costs(staged, cast_weights(segment.first, network.dtype), one))


def whole_network(network: Network, layers: LayerPartition, inputs: Tree, reason: str) -> StagedNetwork:
    """The network as a single stage that reads every weight.

    Args:
        network: Runs through `functional_call`.
        layers: The partition of its keys.
        inputs: A batch, whose form all batches have.
        reason: Why it is not cut.

    Returns:
        One stage.
    """
    keys = tuple(key for label in layers for key in layers[label])

    entry = tuple(f"inputs{number or ''}" for number in range(len(tensors(inputs))))

    def function(*values: Tensor) -> tuple[Tensor]:
        given = iter(values[: len(entry)])
        batch = map_tensors(lambda _: next(given), inputs)
        return (network.outputs(dict(zip(keys, values[len(entry) :], strict=True)), batch),)

    stage = Stage(tuple(layers), keys, tuple(Source(INPUTS, name) for name in entry), ("scores",), function)
    return StagedNetwork((stage,), entry, "scores", reason)


class _ChangedInputError(Exception):
    """A stage wrote to a tensor that other branches of a plan may need."""


def difference_from_network(
    network: Network, segment: Segment, staged: StagedNetwork, batches: Sequence[Tree]
) -> float:
    """The largest difference between stages and network.

    Args:
        network: The network.
        segment: The two networks a and b.
        staged: Its stages.
        batches: The blend half-way runs on each of them, a and b on the first.

    Returns:
        A fraction of the largest output.
    """
    everything = tuple(segment.layers)
    largest = 0.0
    # Both ends find weights that were baked into a stage; the blend finds what holds for one batch size only.
    for alpha, compared in ((0.0, batches[:1]), (1.0, batches[:1]), (0.5, batches)):
        # Let go of one before the next is made: a blend takes the room of a network.
        weights: StateDict = {}
        weights = segment.weights(segment.point("a", everything, alpha), network.dtype)
        for batch in compared:
            expected = network.outputs(weights, map_tensors(Tensor.clone, batch))
            found = _watched_outputs(staged, weights, map_tensors(Tensor.clone, batch))
            largest = max(largest, relative_difference(found, expected))
    return largest


def relative_difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference of two tensors, as a fraction of the largest magnitude expected.

    Args:
        found: One tensor.
        expected: The other.

    Returns:
        0 for equal bits; infinity for other shapes or types, or where NaN and infinities do not stand in equal places.

    Example:
        >>> relative_difference(torch.tensor([1.0, 4.0]), torch.tensor([2.0, 4.0]))
        0.25
    """
    if same_bits(found, expected):
        return 0.0
    finite = expected.isfinite()
    same_kind = found.shape == expected.shape and found.dtype == expected.dtype
    if not same_kind or not same_bits(found[~finite], expected[~finite]) or not finite.any():
        return float("inf")
    difference = (found[finite].double() - expected[finite].double()).abs().max()
    return float(difference / expected[finite].double().abs().max())


def _watched_outputs(staged: StagedNetwork, weights: StateDict, inputs: Tree) -> Tensor:
    """The outputs of the stages, none of which may write to what it is given."""
    # A tensor counts writes to it. Stages share their values, so no stage may write to what it is given.
    versions: dict[int | None, list[int]] = {INPUTS: _versions(staged.entered(inputs)), None: _versions(weights)}
    for number, (stage, made, values) in enumerate(staged.walked(inputs, lambda _: weights)):
        if any(_versions(of_stage) != versions[source] for source, of_stage in (*made.items(), (None, weights))):
            raise _ChangedInputError(f"an operator after the first use of {stage.layers} writes to its inputs")
        versions[number] = _versions(values)
    scores: Tensor = values[staged.result]
    return scores


def _versions(values: Values) -> list[int]:
    return [value._version for value in values.values() if isinstance(value, Tensor)]


def _keys(segment: Segment) -> set[str]:
    return {key for label in segment.layers for key in segment.layers[label]}
