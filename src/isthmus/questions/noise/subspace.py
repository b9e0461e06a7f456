"""The training subspace, which the snapshots of training span, and Gaussian noise inside and outside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Size, Tensor

from isthmus.errors import InputError, short_list
from isthmus.paths.direction import RandomDirection
from isthmus.weights.state import StateDict

ARITHMETIC = 1e-13  # what QR and SVD in float64 may leave of a zero

Space = Literal["training", "null"]
Vector = Float[Tensor, " n"]


@dataclass(frozen=True, eq=False)
class NoiseDirection:
    """A vector of unit length along some parameters, and zero along all others. It is equal to itself alone.

    Attributes:
        parts: Key -> components, on the CPU.
    """

    parts: Mapping[str, Tensor]

    def part(self, key: str, like: Tensor) -> Tensor:
        """The components along one parameter.

        Args:
            key: The parameter's key.
            like: Its tensor, for shape, dtype and device.

        Returns:
            Components; zeros for a parameter that the vector does not reach.
        """
        return self.parts[key].to(like.device, like.dtype) if key in self.parts else torch.zeros_like(like)


@dataclass(frozen=True, eq=False)
class TrainingSubspace:
    """The span of snapshots of training over some parameters, through the origin: snapshots are not centred.

    With the n x k matrix S of snapshots in float64, S = Q R (Householder) and R = U' Σ V^T give the thin singular value
    decomposition S = (Q U') Σ V^T, as accurate as one of S itself: nothing is squared, as it would be in the k x k Gram
    matrix, which loses every direction below 1e-8 of the largest. Memory is O(k n), two or three matrices of 8 k n
    bytes while it is made and one afterwards; nothing of size n x n is formed.

    A singular value counts for the *rank* if rounding the snapshots to the numbers they are stored in cannot have made
    it: above u |S|, u half the spacing of these numbers at 1, |S| the Frobenius norm (by Weyl's inequality, rounding
    moves a singular value by at most that). The basis holds besides all directions above 1e-13 |S|, so that the null
    space is orthogonal to the snapshots as they stand; the two differ only where snapshots are dependent but for their
    rounding.

    Attributes:
        shapes: Key -> shape, in the order in which the numbers of a vector stand.
        basis: Orthonormal columns, ordered by falling singular value; the first `rank` span the subspace.
        singular_values: All of them, falling.
        rank: The subspace's dimension.
        num_snapshots: k.

    Example:
        >>> snapshots = [{"w": torch.tensor([2.0, 0.0, 0.0])}, {"w": torch.tensor([2.0, 2.0, 0.0])}]
        >>> subspace = TrainingSubspace.of(snapshots, ["w"])
        >>> subspace.rank, subspace.null_dimension, subspace.null_projection(torch.ones(3).double()).round().tolist()
        (2, 1, [0.0, 0.0, 1.0])
    """

    shapes: Mapping[str, Size]
    basis: Float[Tensor, "n directions"]
    singular_values: Float[Tensor, " values"]
    rank: int
    num_snapshots: int

    @classmethod
    def of(cls, snapshots: Iterable[StateDict], keys: Sequence[str]) -> "TrainingSubspace":
        """The span of some snapshots.

        Args:
            snapshots: Of one training or several. Each is copied when it arrives, so a generator may hand on the living
                state dict of a network in training.
            keys: The parameters: of the whole network, or of one layer; a tensor under several keys once.

        Returns:
            The subspace, on the CPU.

        Raises:
            InputError: There is no snapshot, or one holds numbers that are not real and finite.
        """
        rows: list[Tensor] = []
        shapes: dict[str, Size] = {}
        rounding = ARITHMETIC
        for number, snapshot in enumerate(snapshots):
            _refuse_unfit(snapshot, keys, number)
            shapes = {key: snapshot[key].shape for key in keys}
            rounding = max([rounding, *(torch.finfo(snapshot[key].dtype).eps / 2 for key in keys)])
            rows.append(flat_vector(snapshot, keys))
        if not rows:
            raise InputError("at least one snapshot", "none", "the training subspace", "save checkpoints of training")
        columns = torch.stack(rows).T
        num_snapshots = len(rows)
        # Freed as soon as can be: each of these matrices is as large as all snapshots together.
        rows.clear()
        triangular: Tensor
        basis, triangular = torch.linalg.qr(columns)
        del columns
        left, values, _ = torch.linalg.svd(triangular, full_matrices=False)
        norm = float(values.square().sum().sqrt())
        num_directions, rank = (int((values > factor * norm).sum()) for factor in (ARITHMETIC, rounding))
        return cls(shapes, basis @ left[:, :num_directions], values, rank, num_snapshots)

    @property
    def num_parameters(self) -> int:
        """The number n of parameters."""
        return len(self.basis)

    @property
    def null_dimension(self) -> int:
        """The dimension of what is orthogonal to every snapshot; 0 if the snapshots span everything."""
        return self.num_parameters - self.basis.shape[1]

    def projection(self, vector: Vector) -> Vector:
        """The part of a vector within the span of the snapshots: U U^T v.

        Args:
            vector: In float64, its numbers in the order of `flat_vector`.

        Returns:
            Its nearest point in the span.
        """
        return self.basis @ (self.basis.T @ vector)

    def null_projection(self, vector: Vector) -> Vector:
        """The part of a vector that is orthogonal to every snapshot; taken twice, so that it is so to rounding.

        Args:
            vector: In float64, its numbers in the order of `flat_vector`.

        Returns:
            The vector without its projection.
        """
        once = vector - self.projection(vector)
        return once - self.projection(once)

    def noise(self, space: Space, draw: RandomDirection, dtype: torch.dtype = torch.float64) -> NoiseDirection | None:
        """Gaussian noise of unit length inside the subspace, or inside its null space.

        A standard Gaussian g of the whole space is projected: inside, U U^T g has independent standard normal
        coefficients on any orthonormal basis of the subspace, and does not depend on which of them a machine finds.
        (The published code of the paper draws coefficients from U[0, 1), which favours one orthant.) Both spaces and
        the isotropic direction of the same draw share g.

        Args:
            space: "training" or "null".
            draw: g.
            dtype: Of the numbers that are kept; the length is made 1 in float64 before.

        Returns:
            The direction; None where the space holds nothing but zero.
        """
        if (self.rank if space == "training" else self.null_dimension) == 0:
            return None
        parts = (draw.part(key, torch.empty(shape, dtype=torch.float64)) for key, shape in self.shapes.items())
        gaussian = torch.cat([part.flatten() for part in parts])
        inside = self.basis[:, : self.rank]
        vector = inside @ (inside.T @ gaussian) if space == "training" else self.null_projection(gaussian)
        unit = (vector / torch.linalg.vector_norm(vector)).to(dtype)
        pieces = unit.split([shape.numel() for shape in self.shapes.values()])
        pairs = zip(self.shapes.items(), pieces, strict=True)
        return NoiseDirection({key: piece.reshape(shape) for (key, shape), piece in pairs})


def flat_vector(weights: StateDict, keys: Sequence[str]) -> Vector:
    """Some parameters as one long vector in memory of its own.

    Args:
        weights: A state dict.
        keys: Which, in order.

    Returns:
        A copy in float64 on the CPU; of no length for no keys.
    """
    # torch joins no empty list, which a group without parameters would be.
    start = torch.zeros(0, dtype=torch.float64)
    return torch.cat([start, *(weights[key].detach().cpu().double().flatten() for key in keys)])


def _refuse_unfit(snapshot: StateDict, keys: Sequence[str], number: int) -> None:
    unfit = [key for key in keys if snapshot[key].is_complex() or not bool(snapshot[key].isfinite().all())]
    if unfit:
        raise InputError(
            "finite real numbers in every snapshot",
            f"NaN, infinities or complex numbers in {short_list(unfit)}",
            f"snapshot {number + 1} of the training subspace",
            "leave that checkpoint out of the trajectory",
        )
