"""The snapshots of two trainings, as the training subspace needs them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.weights.fitting import fit_to_model
from isthmus.weights.state import content_hash
from isthmus.weights.trajectory import Trajectory, is_trajectory, load_trajectory


@dataclass(frozen=True)
class Snapshots:
    """Checkpoints of both trainings.

    Attributes:
        weights: Under the model's keys, in the dtype of the files; first those of a in the order of time, then b's.
        hash: Of all their contents, in order.
    """

    weights: tuple[dict[str, Tensor], ...]
    hash: str

    def __len__(self) -> int:
        return len(self.weights)


def named_trajectory(given: Trajectory | str | Path, name: str) -> Trajectory:
    """The trajectory that was given.

    Args:
        given: A trajectory, or the folder of one.
        name: "a" or "b".

    Returns:
        The trajectory.

    Raises:
        InputError: It is a single checkpoint, which spans nothing but itself.
    """
    if isinstance(given, Trajectory):
        return given
    if Path(given).exists() and not is_trajectory(given):
        raise InputError(
            "a folder of checkpoints named by their step, such as 20ep.safetensors or 500it.safetensors",
            "a file" if Path(given).is_file() else "a folder without one",
            f"network {name}: {given}",
            "give the folder in which the training left its checkpoints",
        )
    return load_trajectory(given)


def last_file(trajectory: Trajectory) -> Path:
    """The file of the last checkpoint."""
    return trajectory.files[list(trajectory)[-1]]


def load_snapshots(trajectories: Sequence[Trajectory], model: nn.Module) -> Snapshots:
    """Read every checkpoint of some trajectories.

    Args:
        trajectories: Of a and b.
        model: Whose keys they are to have.

    Returns:
        All of them, in memory: as many networks as there are checkpoints.
    """
    weights = tuple(
        fit_to_model(trajectory[step].weights, model, f"{trajectory.name}/{step}").weights
        for trajectory in trajectories
        for step in trajectory
    )
    return Snapshots(weights, hashlib.sha256("".join(map(content_hash, weights)).encode()).hexdigest())
