"""All checkpoints of one training under one permutation."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from isthmus.weights.checkpoint import Checkpoint, save_weights
from isthmus.weights.state import StateDict
from isthmus.weights.trajectory import Trajectory, save_trajectory_facts


def save_permuted_trajectory(
    trajectory: Trajectory,
    permuted: Callable[[Checkpoint], StateDict],
    facts: Mapping[str, Any],
    out: Path,
) -> None:
    """Write a trajectory whose units are permuted alike at every step, as a folder that is whole or not there.

    Args:
        trajectory: Network b's.
        permuted: From a checkpoint to its weights with their units permuted, checked.
        facts: From what the permutation was made; they stand in the header of every file.
        out: The folder to make.
    """
    metadata = {"format": "pt", "isthmus": json.dumps(dict(facts), sort_keys=True)}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as made:
        folder = Path(made) / "folder"
        folder.mkdir()
        for step in trajectory:
            weights: Mapping[str, Tensor] = permuted(trajectory[step])
            save_weights(weights, folder / f"{step}.safetensors", metadata)
        if trajectory.iterations_per_epoch is not None:
            save_trajectory_facts(folder, iterations_per_epoch=trajectory.iterations_per_epoch)
        folder.replace(out)
