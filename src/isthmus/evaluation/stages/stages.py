"""A forward pass as stages: the inputs, outputs and cost of a stage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from isthmus.trees import Tree, tensors
from isthmus.weights.state import StateDict

Live = Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """Consecutive operators of the forward pass.

    A stage never writes to what it is given: a tensor that its operators change in place is copied first.

    Attributes:
        layers: Labels of the layers whose weights it reads, in order of first reading; they decide its version.
        keys: The weights it reads, in the order of its arguments.
        reads: Names of the live values it takes, which come before the weights.
        writes: Names of the values that it returns.
        leaves: Names of all values that are live after it.
        function: From live values and weights to new values.
    """

    layers: tuple[str, ...]
    keys: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    leaves: frozenset[str]
    function: Callable[..., Sequence[Any]]

    def __call__(self, live: Live, weights: StateDict) -> dict[str, Any]:
        """The values that are live after the stage.

        Args:
            live: Values that are live before it, by name; not changed.
            weights: At least the stage's keys, in the network's dtype.

        Returns:
            Values by name; those that only pass through are shared.
        """
        made = self.function(*(live[name] for name in self.reads), *(weights[key] for key in self.keys))
        passing = {name: value for name, value in live.items() if name in self.leaves}
        return passing | dict(zip(self.writes, made, strict=True))


@dataclass(frozen=True)
class StageCosts:
    """What stages cost on one example.

    Attributes:
        flops: Floating-point operations of each stage, as `torch.utils.flop_counter` counts them.
        live_bytes: Memory of the values that are live before each stage, and after the last.
    """

    flops: tuple[int, ...]
    live_bytes: tuple[int, ...]


@dataclass(frozen=True)
class StagedNetwork:
    """A forward pass as stages that run one after the other.

    Attributes:
        stages: At least one.
        entry: Names of the batch's tensors among the live values before the first stage.
        result: The name of the scores among the live values after the last.
        fallback_reason: Why there is only one stage for the whole network; None where it was cut.
        costs: Measured on one example; None before that.
        agreement: How near the stages come to `functional_call`, in words; empty before they are compared.
    """

    stages: tuple[Stage, ...]
    entry: tuple[str, ...]
    result: str
    fallback_reason: str | None = None
    costs: StageCosts | None = None
    agreement: str = ""

    def entered(self, inputs: Tree) -> dict[str, Any]:
        """The live values before the first stage.

        Args:
            inputs: A batch.

        Returns:
            Its tensors by name.
        """
        return dict(zip(self.entry, tensors(inputs), strict=True))

    def outputs(self, weights: StateDict, inputs: Tree) -> Tensor:
        """The scores of a batch, stage by stage.

        Args:
            weights: Every key of the network, in its dtype.
            inputs: A batch.

        Returns:
            What `Network.outputs` returns.
        """
        live = self.entered(inputs)
        with torch.no_grad():
            for stage in self.stages:
                live = stage(live, weights)
        scores: Tensor = live[self.result]
        return scores
