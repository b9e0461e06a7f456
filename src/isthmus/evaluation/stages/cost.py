"""What a plan costs: stage runs, forward passes, floating-point operations and memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from isthmus.evaluation.stages.plan import Plan
from isthmus.evaluation.stages.stages import StageCosts, StagedNetwork
from isthmus.trees import Tree
from isthmus.weights.state import StateDict


def _lstm_flops(
    inputs: tuple[int, ...], of_inputs: tuple[int, ...], of_hidden: tuple[int, ...], *_args: Any, **_options: Any
) -> int:
    """Two matrix products a step; the shapes are (steps, examples, features) and those of the two matrices."""
    return 2 * prod(inputs[:2]) * (prod(of_inputs) + prod(of_hidden))


UNCOUNTED = {torch.ops.aten.mkldnn_rnn_layer: _lstm_flops}
"""Operators that PyTorch's counter takes for free: one layer of an LSTM in one direction, on a processor."""


@dataclass(frozen=True)
class PlanCost:
    """The cost of a plan on one example, beside that of one full forward pass for each point.

    Attributes:
        stage_runs: Stages that run.
        naive_stage_runs: Stages that would run without sharing.
        forwards: Floating-point operations in units of one forward pass; stage runs where no operator is counted.
        naive_forwards: The number of points.
        flops: Floating-point operations.
        naive_flops: The same without sharing.
        least_flops: The least that any plan for these points can do.
        live_bytes: The most memory that values take at once, beside what operators need while they run.
    """

    stage_runs: int
    naive_stage_runs: int
    forwards: float
    naive_forwards: int
    flops: int
    naive_flops: int
    least_flops: int
    live_bytes: int


def stage_costs(staged: StagedNetwork, weights: StateDict, inputs: Tree) -> StageCosts:
    """Run the stages once and count.

    Args:
        staged: The network.
        weights: Every key, in the network's dtype.
        inputs: One example.

    Returns:
        The cost of each stage on that example.
    """
    made_bytes = [sum(_storages(staged.entered(inputs).values()).values())]
    flops, total = [], 0
    with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as counter:
        for stage, made, values in staged.walked(inputs, lambda _: weights):
            # The counter goes on counting over the stages.
            flops.append(counter.get_total_flops() - total)
            total += flops[-1]
            given = _storages(made[source.stage][source.name] for source in stage.reads)
            made_bytes.append(sum(size for key, size in _storages(values.values()).items() if key not in given))
    return StageCosts(tuple(flops), tuple(made_bytes))


def plan_cost(plan: Plan, costs: StageCosts) -> PlanCost:
    """The cost of a plan.

    Args:
        plan: Made with these costs.
        costs: Of the stages.

    Returns:
        Its cost on one example; floating-point operations are proportional to the number of examples.
    """
    num_points, num_stages = len(plan.order), len(plan.runs)
    flops, least = (int(np.dot(runs, np.array(costs.flops))) for runs in (plan.runs, plan.least))
    forward = sum(costs.flops)
    runs = int(plan.runs.sum())
    return PlanCost(
        stage_runs=runs,
        naive_stage_runs=num_points * num_stages,
        forwards=flops / forward if forward else runs / num_stages,
        naive_forwards=num_points,
        flops=flops,
        naive_flops=num_points * forward,
        least_flops=least,
        live_bytes=plan.held,
    )


def _storages(values: Iterable[Any]) -> dict[int, int]:
    """The pieces of memory that values lie in, and their sizes."""
    storages = (value.untyped_storage() for value in values if isinstance(value, Tensor))
    return {storage.data_ptr(): storage.nbytes() for storage in storages}
