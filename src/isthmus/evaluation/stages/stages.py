"""A forward pass as stages: what a stage takes and gives, and what it costs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from isthmus.evaluation.stages.wiring import INPUTS, Wiring
from isthmus.trees import Tree, tensors
from isthmus.weights.state import StateDict

Values = Mapping[str, Any]
"""What a stage hands on, by name."""


class Source(NamedTuple):
    """Where a value comes from: the number of the stage that makes it, or `INPUTS`, and its name there."""

    stage: int
    name: str


@dataclass(frozen=True)
class Stage:
    """Operators of the forward pass that run together.

    A stage never writes to what it is given: a tensor that its operators change in place is copied first.

    Attributes:
        layers: Labels of the layers whose weights it reads, in order of first reading.
        keys: The weights it reads, in the order of its arguments.
        reads: The values it takes, which come before the weights.
        writes: Names of the values that it makes and hands on.
        function: From values and weights to new values.
    """

    layers: tuple[str, ...]
    keys: tuple[str, ...]
    reads: tuple[Source, ...]
    writes: tuple[str, ...]
    function: Callable[..., Sequence[Any]]

    def __call__(self, made: Mapping[int, Values], weights: StateDict) -> dict[str, Any]:
        """What the stage hands on.

        Args:
            made: What the batch and earlier stages hand on, by the number of the stage; not changed.
            weights: At least the stage's keys, in the network's dtype.

        Returns:
            Its `writes` by name.
        """
        given = (made[source.stage][source.name] for source in self.reads)
        results = self.function(*given, *(weights[key] for key in self.keys))
        return dict(zip(self.writes, results, strict=True))


@dataclass(frozen=True)
class StageCosts:
    """What stages cost on one example.

    Attributes:
        flops: Floating-point operations of each stage, as `torch.utils.flop_counter` counts them.
        made_bytes: Memory of the batch's tensors, and of what each stage makes anew and hands on.
    """

    flops: tuple[int, ...]
    made_bytes: tuple[int, ...]


@dataclass(frozen=True)
class StagedNetwork:
    """A forward pass as stages, each of which reads what earlier ones make.

    Attributes:
        stages: At least one.
        entry: Names of the batch's tensors.
        result: The name of the scores among the values of the last stage.
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

    @property
    def wiring(self) -> Wiring:
        """What each stage reads."""
        sources = tuple(tuple(dict.fromkeys(source.stage for source in stage.reads)) for stage in self.stages)
        return Wiring(tuple(stage.layers for stage in self.stages), sources)

    def entered(self, inputs: Tree) -> dict[str, Any]:
        """The batch as values.

        Args:
            inputs: A batch.

        Returns:
            Its tensors by name.
        """
        return dict(zip(self.entry, tensors(inputs), strict=True))

    def walked(
        self, inputs: Tree, weights_of: Callable[[Stage], StateDict]
    ) -> Iterator[tuple[Stage, Mapping[int, Values], dict[str, Any]]]:
        """Run all stages on a batch; values are held as long as a later stage reads them.

        Args:
            inputs: A batch.
            weights_of: The weights of a stage, in the network's dtype.

        Yields:
            For every stage: itself, what was there before, and what it hands on.
        """
        last = self.wiring.last_readers()
        made: dict[int, Values] = {INPUTS: self.entered(inputs)}
        for number, stage in enumerate(self.stages):
            with torch.no_grad():
                values = stage(made, weights_of(stage))
            yield stage, made, values
            made[number] = values
            for source in [source for source in made if last.get(source, number) <= number]:
                del made[source]

    def outputs(self, weights: StateDict, inputs: Tree) -> Tensor:
        """The scores of a batch, stage by stage.

        Args:
            weights: Every key of the network, in its dtype.
            inputs: A batch.

        Returns:
            What `Network.outputs` returns.
        """
        for _, _, values in self.walked(inputs, lambda _: weights):
            last = values
        scores: Tensor = last[self.result]
        return scores
