"""The ways in which a permutation is looked for."""

from dataclasses import dataclass

from isthmus.data.examples import Examples
from isthmus.errors import InputError, UnknownNameError
from isthmus.evaluation.batches import default_batch_size
from isthmus.merging.permutation.activations import activation_likeness
from isthmus.merging.permutation.architecture import Architecture
from isthmus.merging.permutation.descent import Midpoint, descended
from isthmus.merging.permutation.matching import Likeness, Matched, WeightLikeness, matched
from isthmus.merging.permutation.permuted import Permutation
from isthmus.merging.permutation.running import moved
from isthmus.weights.state import StateDict

WEIGHTS, ACTIVATIONS, LOSS = METHODS = ("weights", "activations", "loss")


@dataclass(frozen=True)
class Search:
    """How a permutation is looked for.

    Attributes:
        by: "weights": the sum of products of weights is made as large as it gets. "activations": the sum of
            correlations of units over examples is. "loss": from there on, the loss at the midpoint is descended.
        seed: Of the order in which groups are taken, and of the examples of each step.
        starts: How often the search by weights or activations begins; the best end counts.
        steps: How many steps the descent takes.
    """

    by: str = WEIGHTS
    seed: int = 0
    starts: int = 1
    steps: int = 200

    def __post_init__(self) -> None:
        """Refuse what can't be searched."""
        if self.by not in METHODS:
            raise UnknownNameError("a way to match", self.by, METHODS, "by")
        for name, count in (("starts", self.starts), ("steps", self.steps)):
            if count < 1:
                raise InputError("a whole number of at least 1", str(count), name, f"leave {name} out")

    @property
    def needs_examples(self) -> bool:
        """Whether examples are needed, not just to check."""
        return self.by != WEIGHTS

    def __call__(self, architecture: Architecture, a: StateDict, b: StateDict, examples: Examples) -> Matched:
        """Look for a permutation of network b.

        Args:
            architecture: Of both.
            a: Network a.
            b: Network b.
            examples: What both answer to, on the network's device; not used by weights.

        Returns:
            The best permutation found, and how it came to it.
        """
        symmetry, network = architecture.symmetry, architecture.network
        likeness: Likeness
        if self.by == WEIGHTS:
            likeness = WeightLikeness.between(symmetry, a, b, architecture.parameters)
            return matched(symmetry, likeness, seed=self.seed, starts=self.starts)
        pair = [moved(one, network.device, network.dtype) for one in (a, b)]
        size = default_batch_size(network.device, examples.longest)
        likeness = activation_likeness(architecture.graph, architecture.axes, symmetry, pair, examples, size)
        found = matched(symmetry, likeness, seed=self.seed, starts=self.starts)
        if self.by == ACTIVATIONS:
            return found
        midpoint = Midpoint(architecture, pair[0], pair[1], examples)
        end = descended(found.permutation, midpoint, num_steps=self.steps, seed=self.seed)
        return Matched(end.permutation, (-midpoint.loss(Permutation(symmetry, {})), *end.objectives))
