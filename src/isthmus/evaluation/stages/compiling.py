"""Stages compiled by `torch.compile`. Weights are arguments, so new points compile nothing.

The first batch size is compiled for itself; a second one once for all sizes that follow, one example alone apart.
"""

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import fx

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.export import forgotten_exports
from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.evaluation.stages.staging import TOLERANCES, difference_from_network
from isthmus.paths.linear import Segment
from isthmus.trees import take_rows


def compiled_network(
    staged: StagedNetwork, network: Network, segment: Segment, examples: Examples, batch_size: BatchSize
) -> tuple[StagedNetwork, str]:
    """The stages compiled and compared with the network, or as they are where that fails.

    Args:
        staged: Stages as cut.
        network: What they were cut from.
        segment: The two networks, on the network's device.
        examples: What will be measured; the first batch is run.
        batch_size: Examples at once; halved if memory runs out.

    Returns:
        The stages, and in words whether they are compiled and what was seen, or why not.
    """
    if staged.fallback_reason:
        return staged, "not compiled: there are no stages"
    inputs, _ = examples.batch(0, min(batch_size.size, len(examples)), network.device, network.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler's own deprecations
            stages = tuple(replace(s, function=torch.compile(_with_own_code(s.function))) for s in staged.stages)
            compiled = replace(staged, stages=stages)
            difference = batch_size.attempt(
                lambda size: difference_from_network(network, segment, compiled, [take_rows(inputs, slice(size))])
            )
    except Exception as error:  # a compiler, and the tools that it needs, fail in many ways
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        return staged, f"not compiled: {type(error).__name__}: {first}"
    # Put so that NaN fails too.
    if not difference <= TOLERANCES[network.dtype]:
        return staged, f"not compiled: outputs differ by {difference:.2g} of the largest"
    return compiled, f"compiled, which changes outputs by at most {difference:.2g} of the largest"


def _with_own_code(function: Callable[..., Any]) -> Callable[..., Any]:
    # The compiler remembers by the code which sizes it has seen, and measurements of one architecture share their
    # stages: an earlier batch size would decide how a later measurement is compiled.
    if not isinstance(function, fx.GraphModule):
        return function
    with forgotten_exports():
        return fx.GraphModule(function, deepcopy(function.graph))
