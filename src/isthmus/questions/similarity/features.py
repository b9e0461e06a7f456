"""How far the features of a blend are from the blend of features, for each layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.trees import Tree, join_trees, map_tensors, take_rows
from isthmus.weights.state import StateDict

SAME_EXAMPLE_TOLERANCE = 0.01  # of the largest value; bfloat16 rounds to 0.4 %
Scores = np.ndarray[Any, np.dtype[Any]]
COMPARED = ("blended", "between", "is_zero", "is_zero_between")


def dissimilarity(x: Float[Tensor, "n features"], y: Float[Tensor, "n features"]) -> Float[Tensor, " n"]:
    """1 - cos(x, y) for each row: half the squared distance of the two unit vectors, which is exact for equal rows.

    Args:
        x: One feature vector an example.
        y: Its partner.

    Returns:
        Numbers in [0, 2] in float64; NaN where a vector is zero or not finite.

    Example:
        >>> dissimilarity(torch.tensor([[3.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0, 4.0], [1.0, 1.0]])).tolist()
        [1.0, 0.0]
    """
    u, v = (t.double() / torch.linalg.vector_norm(t.double(), dim=1, keepdim=True) for t in (x, y))
    return torch.einsum("nf,nf->n", u - v, u - v) / 2


def feature_names(staged: StagedNetwork, weights: StateDict, inputs: Tensor) -> list[tuple[str, ...]]:
    """The values of each stage that are features: newly made, floating-point, and made of one part an example.

    What belongs to an example is seen by running the first example alone and with the second: a value is a feature if
    its first dimension doubles (also where it counts the tokens of all examples) and its first half stays.

    Args:
        staged: The network.
        weights: Every key, in the network's dtype.
        inputs: Two examples, or a single one, which then comes twice.

    Returns:
        For each stage some of its `writes`; none where it hands on weights alone, say.
    """
    one, two = (
        _made(staged, weights, x)
        for x in (take_rows(inputs, slice(1)), take_rows(join_trees([inputs, inputs]), slice(2)))
    )
    return [
        tuple(name for name, alone in of_one.items() if _begins_with(of_two[name], alone))
        for of_one, of_two in zip(one, two, strict=True)
    ]


def _made(staged: StagedNetwork, weights: StateDict, inputs: Tree) -> list[dict[str, Tensor]]:
    return [
        {name: value for name, value in values.items() if isinstance(value, Tensor) and value.is_floating_point()}
        for _, _, values in staged.walked(map_tensors(Tensor.clone, inputs), lambda _: weights)
    ]


def _begins_with(two: Tensor, one: Tensor) -> bool:
    if one.ndim == 0 or two.shape != (2 * one.shape[0], *one.shape[1:]) or not one.numel():
        return False
    # Kernels may sum in another order for another batch size.
    difference = (two[: len(one)].double() - one.double()).abs().max()
    return not bool(difference > SAME_EXAMPLE_TOLERANCE * one.double().abs().max())


class FeatureConnectivity:
    """Layer-wise linear feature connectivity (Zhou et al., NeurIPS 2023), stage by stage and example by example.

    With f the features of a stage as one vector an example: 1 - cos(f(blend), (1 - alpha) f(a) + alpha f(b)), beside
    1 - cos(f(a), f(b)). An observer of a `Lockstep` whose points are a, b and then a blend for each alpha.

    Attributes:
        blended: Dissimilarity of the features of the blend and the blend of features, (stage, alpha, example).
        between: Dissimilarity of the features of a and of b, (stage, example).
        is_zero: Where a vector of `blended` is zero, so that no angle is defined.
        is_zero_between: The same of `between`.
    """

    def __init__(self, names: Sequence[Sequence[str]], alphas: Sequence[float], num_examples: int) -> None:
        self.names = names
        self.alphas = alphas
        self.blended = np.full((len(names), len(alphas), num_examples), np.nan)
        self.between = np.full((len(names), num_examples), np.nan)
        self.is_zero = np.zeros(self.blended.shape, dtype=bool)
        self.is_zero_between = np.zeros(self.between.shape, dtype=bool)

    def stage_end(self, number: int, start: int, stop: int, values: Sequence[Mapping[str, Any]]) -> None:
        """Compare the networks' features.

        Args:
            number: Of the stage.
            start: The first example of the batch.
            stop: One past its last example.
            values: Of a, of b, and of the blend at each alpha.
        """
        if not self.names[number]:
            return
        a, b, *blends = (_flat(of_point, self.names[number], stop - start) for of_point in values)
        self.between[number, start:stop], self.is_zero_between[number, start:stop] = _compared(a, b)
        for k, (alpha, blend) in enumerate(zip(self.alphas, blends, strict=True)):
            found, is_zero = _compared(blend, torch.lerp(a, b, alpha))
            self.blended[number, k, start:stop], self.is_zero[number, k, start:stop] = found, is_zero

    def seen(self, start: int, stop: int) -> dict[str, Scores]:
        """What was compared on some examples.

        Args:
            start: The first.
            stop: One past the last.

        Returns:
            The four attributes on these, by name.
        """
        return {name: getattr(self, name)[..., start:stop] for name in COMPARED}

    def fill(self, start: int, seen: Mapping[str, Scores]) -> None:
        """Take what was compared on some examples earlier.

        Args:
            start: The first.
            seen: From `seen`.
        """
        for name in COMPARED:
            getattr(self, name)[..., start : start + seen[name].shape[-1]] = seen[name]


def _flat(values: Mapping[str, Any], names: Sequence[str], num_examples: int) -> Float[Tensor, "n features"]:
    return torch.cat([values[name].reshape(num_examples, -1).double() for name in names], dim=1)


def _compared(x: Tensor, y: Tensor) -> tuple[Scores, np.ndarray[Any, np.dtype[np.bool_]]]:
    is_zero = (x == 0).all(dim=1) | (y == 0).all(dim=1)
    return dissimilarity(x, y).cpu().numpy(), is_zero.cpu().numpy()
