"""Matching by the loss: the loss at the midpoint is descended, from one permutation to the next."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import batch_bounds
from isthmus.evaluation.losses.loss import example_losses
from isthmus.evaluation.normalization import batch_statistics, normalization_modules
from isthmus.merging.permutation.architecture import Architecture
from isthmus.merging.permutation.matching import Matched, WeightLikeness, climbed
from isthmus.merging.permutation.permuted import Permutation
from isthmus.merging.permutation.running import moved
from isthmus.weights.state import Kind, StateDict

BATCH = 200  # examples a step: enough for the statistics of a normalisation layer
RATE = 0.1  # the length of a step, of that of b's parameters
JUDGED = 1000  # examples that tell which permutation was the best
LOOK_EVERY = 20  # steps


@dataclass(frozen=True)
class Midpoint:
    """The network half-way between a and a permuted b, on examples.

    Normalisation layers that keep running statistics use those of the batch, as if they were measured anew.

    Attributes:
        architecture: Of both.
        a: Network a, on the device, in the type to compute in.
        b: Network b, likewise.
        examples: With targets.
    """

    architecture: Architecture
    a: StateDict
    b: StateDict
    examples: Examples

    def loss(self, permutation: Permutation, count: int = JUDGED) -> float:
        """The mean loss over the first examples.

        Args:
            permutation: Of network b.
            count: At most so many examples.

        Returns:
            The loss, in its unit; NaN and infinities stay.
        """
        entries, total = self._entries(permutation), 0.0
        count = min(count, len(self.examples))
        # Batches of nearly one size: statistics of few examples are far off.
        size = -(-count // -(-count // BATCH))
        with torch.no_grad():
            for start, stop in batch_bounds(count, size):
                total += float(self._losses(entries, self.examples.take(slice(start, stop))).sum())
        return total / count

    def gradient(self, permutation: Permutation, chosen: Tensor) -> dict[str, Tensor]:
        """The gradient of the mean loss over some examples.

        Args:
            permutation: Of network b.
            chosen: Numbers of examples.

        Returns:
            Parameter -> gradient with respect to the midpoint's, in float64 on the processor.
        """
        entries = self._entries(permutation)
        leaves = {key: entries[key].requires_grad_() for key in sorted(self.architecture.parameters)}
        for first, *others in self.architecture.ties:
            entries |= dict.fromkeys(others, entries[first])
        loss = self._losses(entries, self.examples.take(chosen)).mean()
        slopes = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
        return {
            key: torch.zeros(leaf.shape, dtype=torch.float64) if slope is None else slope.cpu().double()
            for (key, leaf), slope in zip(leaves.items(), slopes, strict=True)
        }

    def _entries(self, permutation: Permutation) -> dict[str, Tensor]:
        kept = (Kind.INTEGER_BUFFER, Kind.COUNTER)
        return {
            key: self.a[key].clone() if self.architecture.kinds[key] in kept else (self.a[key] + other) / 2
            for key, other in permutation(self.b).items()
        }

    def _losses(self, entries: StateDict, examples: Examples) -> Tensor:
        network = self.architecture.network
        inputs, targets = examples.batch(0, len(examples), network.device, network.dtype)
        with batch_statistics(self._norms):
            return example_losses(network.loss, network.output(network.returned(entries, inputs)), targets)

    @cached_property
    def _norms(self) -> list[torch.nn.Module]:
        return list(normalization_modules(self.architecture.network.module).values())


def descended(start: Permutation, midpoint: Midpoint, *, num_steps: int, seed: int = 0) -> Matched:
    """Look for a permutation under which the loss at the midpoint is low.

    Real weights t begin at the permuted network b. Each step takes the gradient g of the loss at the midpoint of a and
    the permuted b, moves t by -RATE |b| g / |g|, and takes as permutation that under which b lies nearest to t: the
    straight-through estimator (Ainsworth, Hayase and Srinivasa, Git Re-Basin, ICLR 2023, section 3.3). We depart from
    it in that t begins at a permutation that was found otherwise, in that steps have one length whatever the
    gradient's, and in that norm layers use the statistics of the batch.

    Args:
        start: Where to begin.
        midpoint: Whose loss is descended.
        num_steps: How many steps.
        seed: Of the examples drawn for each, and of the order of groups.

    Returns:
        The permutation with the least loss seen on the first `JUDGED` examples, the start among them. `objectives`
        holds minus this loss, for the start and for each that was better.
    """
    architecture, random = midpoint.architecture, np.random.default_rng(seed)
    keys, symmetry = architecture.parameters, architecture.symmetry
    cpu = moved({key: midpoint.b[key] for key in keys}, torch.device("cpu"), torch.float64)
    wanted, length = {key: start.tensor(key, tensor).clone() for key, tensor in cpu.items()}, _length(cpu)
    best = permutation = start
    objectives = [-midpoint.loss(start)]
    for step in range(1, num_steps + 1):
        chosen = torch.from_numpy(random.integers(len(midpoint.examples), size=min(BATCH, len(midpoint.examples))))
        slopes = midpoint.gradient(permutation, chosen)
        steepness = _length(slopes)
        if not 0 < steepness < float("inf"):  # nothing to follow: flat, or a loss that is no finite number
            break
        for key, slope in slopes.items():
            wanted[key] -= RATE * length / steepness * slope
        permutation = climbed(permutation, WeightLikeness.between(symmetry, wanted, cpu, keys), random).permutation
        if step % LOOK_EVERY == 0 or step == num_steps:
            objective = -midpoint.loss(permutation)
            if objective > objectives[-1]:
                best = permutation
                objectives.append(objective)
    return Matched(best, tuple(objectives))


def _length(weights: StateDict) -> float:
    return float(torch.stack([tensor.square().sum() for tensor in weights.values()]).sum().sqrt())
