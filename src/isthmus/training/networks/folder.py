"""The folder of one network: its trajectory, its log, its recipe, and where training can continue.

0ep.safetensors, 5ep.safetensors, ...   the checkpoints
trajectory.json                         how many iterations an epoch has
recipe.json                             settings and hashes of the inputs
log.csv                                 the loss of every epoch
resume/state-5ep.safetensors            the newest state, and those that other networks are spawned from
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.gate.texts import read_json
from isthmus.sealed import is_whole
from isthmus.training.losses import save_log
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.sealed_tensors import load_tensors
from isthmus.weights.step import Step
from isthmus.weights.training_state import TrainingState, load_training_state, save_training_state
from isthmus.weights.trajectory import load_trajectory, save_trajectory_facts

RECIPE_FILE = "recipe.json"


@dataclass(frozen=True)
class NetworkFolder:
    """Where one network's files are.

    Attributes:
        path: The folder.
        batch_size: Examples in a mini-batch.
        num_examples: Examples in an epoch.
        lasting: Steps whose states stay, for networks that are spawned there.
    """

    path: Path
    batch_size: int
    num_examples: int
    lasting: tuple[Step, ...] = ()

    @property
    def iterations_per_epoch(self) -> int:
        """Mini-batches in an epoch; the last may be smaller."""
        return -(-self.num_examples // self.batch_size)

    def checkpoint(self, step: Step) -> Path:
        """The file of the checkpoint at a step."""
        return self.path / f"{step}.safetensors"

    def is_finished(self, length: Step) -> bool:
        """Whether the checkpoint at the end is there, and with it everything else."""
        return self.checkpoint(length).exists() and (self.path / RECIPE_FILE).exists()

    def begin(self, facts: dict[str, Any]) -> None:
        """Write what is known before the first iteration, or compare it with what was written.

        Args:
            facts: Settings and hashes, as JSON has them.

        Raises:
            InputError: The folder holds a training by other settings or of other inputs.
        """
        file = self.path / RECIPE_FILE
        if file.exists():
            _refuse_other_facts(file, facts)
            return
        text = json.dumps(facts, indent=1) + "\n"
        save_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        save_trajectory_facts(self.path, iterations_per_epoch=self.iterations_per_epoch)

    def save(self, step: Step, state: TrainingState) -> None:
        """Write a checkpoint, the log and the state at a step.

        The log comes first: where the last checkpoint is there, everything is. Older states go when the new one is
        there, but for the lasting ones.

        Args:
            step: When.
            state: In memory of its own.
        """
        save_log(self.path / "log.csv", state.losses, self.batch_size, self.num_examples)
        save_weights(state.weights, self.checkpoint(step))
        save_training_state(state, self.path / "resume" / f"state-{step}.safetensors")
        self.remove_states(but=state.iteration)

    def damaged_since(self) -> int | None:
        """Since when checkpoints or states hold something else than was written.

        Files of earlier versions, which say nothing of their contents, count as whole where they can be read.

        Returns:
            The first such iteration; None if there is none.
        """
        places = {step.iterations(self.iterations_per_epoch): file for step, file in self._checkpoints().items()}
        pairs = sorted([*places.items(), *self._states().items()])
        return next((iteration for iteration, file in pairs if not is_whole(load_tensors, file)), None)

    def remove_since(self, iteration: int) -> None:
        """Remove the checkpoints and states from an iteration on: training makes them again.

        Args:
            iteration: The first that goes.
        """
        for step, file in self._checkpoints().items():
            if step.iterations(self.iterations_per_epoch) >= iteration:
                file.unlink()
        for number, file in self._states().items():
            if number >= iteration:
                file.unlink()

    def newest_state(self) -> TrainingState | None:
        """Where the training can go on; None if it has to begin."""
        states = self._states()
        return load_training_state(states[max(states)]) if states else None

    def state_at(self, step: Step) -> TrainingState:
        """The state at one of the lasting steps.

        Args:
            step: Which.

        Returns:
            The state.

        Raises:
            InputError: There is none.
        """
        states = self._states()
        iteration = step.iterations(self.iterations_per_epoch)
        if iteration not in states:
            raise InputError(
                f"the state of network {self.path.name!r} at {step}",
                "none: it was trained before a network of the recipe was to be spawned there",
                str(self.path),
                "name another --out",
            )
        return load_training_state(states[iteration])

    def remove_states(self, but: int | None = None) -> None:
        """Remove the states that are not needed any more.

        Args:
            but: The iteration of one that stays beside the lasting ones.
        """
        kept = {but, *(step.iterations(self.iterations_per_epoch) for step in self.lasting)}
        for iteration, file in self._states().items():
            if iteration not in kept:
                file.unlink(missing_ok=True)
        with suppress(OSError):  # it holds a state, or was never made
            (self.path / "resume").rmdir()

    def take_beginning(self, parent: "NetworkFolder", at: Step) -> None:
        """Copy the checkpoints of another network up to a step: both share them.

        Args:
            parent: The other network's folder.
            at: The last step to take.
        """
        trajectory = load_trajectory(parent.path)
        for step, file in trajectory.files.items():
            if step.iterations(parent.iterations_per_epoch) <= at.iterations(parent.iterations_per_epoch):
                save_whole(self.checkpoint(step), partial(shutil.copyfile, file))

    def _checkpoints(self) -> Mapping[Step, Path]:
        there = any(file.is_file() for file in self.path.glob("*.safetensors"))
        found = load_trajectory(self.path).files if there else {}
        return {step: file for step, file in found.items() if file.is_file()}

    def _states(self) -> dict[int, Path]:
        found = {}
        for file in sorted((self.path / "resume").glob("state-*.safetensors")):
            step = Step.parse(file.stem.removeprefix("state-"))
            found[step.iterations(self.iterations_per_epoch)] = file
        return found


def _refuse_other_facts(file: Path, facts: dict[str, Any]) -> None:
    try:
        stored = read_json(file)
        # A setting that the stored training did not know yet has a default that means "as before".
        different = [key for key in facts if key in stored and stored[key] != facts[key]]
    except (ValueError, TypeError) as error:
        raise InputError("the settings of a training", f"something else ({error})", str(file), "remove it") from error
    if different:
        key = different[0]
        raise InputError(
            f"the existing training: {key} = {json.dumps(stored[key])}",
            json.dumps(facts[key]),
            str(file),
            "name another --out, or use the recipe, data and device that it began with",
        )
