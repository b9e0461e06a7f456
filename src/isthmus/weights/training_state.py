"""Everything that a training needs to continue, in one file that is whole whenever it exists."""

import json
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from isthmus.sealed import damage_said
from isthmus.weights.sealed_tensors import load_tensors, save_tensors

PARTS = ("weights", "optimizer")


@dataclass(frozen=True)
class TrainingState:
    """A training between two iterations.

    Of the generators nothing needs to be kept: each epoch and each iteration has a seed of its own.

    Attributes:
        iteration: Mini-batches seen.
        weights: The network's state dict.
        optimizer: What the optimizer remembers: "<key of the parameter>/<what it is>" -> tensor.
        losses: Loss of every iteration so far, shape (iteration,), float32; NaN where another network took it.
    """

    iteration: int
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    losses: Tensor


def save_training_state(state: TrainingState, path: Path) -> None:
    """Write a state as one safetensors file, its iteration as JSON in the header.

    Args:
        state: The state, on any device.
        path: The file to make; its folder is made too.
    """
    named = {"losses": state.losses}
    for part in PARTS:
        named |= {f"{part}/{key}": tensor for key, tensor in getattr(state, part).items()}
    save_tensors(named, path, {"state": json.dumps({"schema": 1, "iteration": state.iteration})})


def load_training_state(path: Path) -> TrainingState:
    """Read a state.

    Args:
        path: A file of `save_training_state`.

    Returns:
        The state, on the CPU.

    Raises:
        damaged: The file holds something else than was written.
    """
    tensors, metadata = load_tensors(path)
    with damage_said(path):
        iteration = int(json.loads(metadata["state"])["iteration"])
        losses = tensors.pop("losses")
        parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
        for name, tensor in tensors.items():
            part, _, key = name.partition("/")
            parts[part][key] = tensor
    return TrainingState(iteration, **parts, losses=losses)
