"""A client through the rounds: what it keeps on disk, trains, sends and takes."""

import hashlib
import os
import shutil
import warnings
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from isthmus.errors import DamagedError, InputError, IsthmusWarning, UnwritableError
from isthmus.evaluation.batches import is_out_of_memory
from isthmus.federated.client import initial_state, state_after_training
from isthmus.federated.exchange import Sent, network_after
from isthmus.federated.federation import Federation
from isthmus.federated.rules.rule import Phase
from isthmus.files import save_whole
from isthmus.weights.state import StateDict, content_hash
from isthmus.weights.training_state import TrainingState, load_training_state, save_training_state

KEPT_ROUNDS = 2  # the newest state, and the one before: the server may ask once more for a round it didn't record


class LocalClient:
    """One client under one rule.

    Its folder holds its state after the local training of the last rounds, each file whole or not there: asked once
    more for a round it has trained from the same start, it answers from disk.

    Args:
        federation: All of them.
        number: Of this client.
        folder: Of its states.
        shared: Where rules that train alike in the first round share its states; None where nothing is shared.
    """

    def __init__(self, federation: Federation, number: int, folder: Path, shared: Path | None = None) -> None:
        self.federation, self.number, self.folder = federation, number, folder
        self._shared = shared

    def start_of(
        self, round_number: int, mean: StateDict, labels: Collection[str], *, has_state: bool
    ) -> TrainingState:
        """The client's state before the local training of a round.

        Args:
            round_number: From 1.
            mean: Of the round before.
            labels: The layers that this client took from it.
            has_state: Whether it trained in an earlier round, of which it must have its state.

        Returns:
            Its newest state of an earlier round with the mean in these layers.

        Raises:
            InputError: Its state is lost: it would begin again from nothing.
        """
        earlier = self._newest(round_number - 1)
        if has_state and earlier is None:
            raise InputError(
                f"the state of client {self.number} after an earlier round", "none", str(self.folder),
                "begin again in another folder; on Flower give client-folder, so that a later run can go on",
            )  # fmt: skip
        state = initial_state(self.federation.initial) if earlier is None else load_training_state(earlier)
        return replace(state, weights=network_after(state.weights, mean, labels, self.federation.exchanged))

    def train(self, round_number: int, start: TrainingState, phases: Sequence[Phase]) -> TrainingState:
        """The client's state after the local training of a round: from disk where it is there.

        Where the training fails, the client goes on from `start`.

        Args:
            round_number: From 1; after the last one its training for itself.
            start: From `start_of`.
            phases: What is trained.

        Returns:
            The state.
        """
        name = self._name(round_number, _hash_of(start, phases))
        file = self.folder / name
        common = self._shared / name if self._shared and round_number == 1 else file
        place, state = file, _whole_state(file)
        if state is None:
            place, state = common, _whole_state(common)
        if state is None:
            try:
                state = self._trained(round_number, start, phases)
            except Exception as error:
                if not is_of_the_machine(error):
                    save_training_state(start, self.folder / self._name(round_number, "failed"))
                raise
            save_training_state(state, common)
        if place != file:
            _share(common, file)
        self._forget(round_number - KEPT_ROUNDS)
        return state

    def _trained(self, round_number: int, start: TrainingState, phases: Sequence[Phase]) -> TrainingState:
        recipe = self.federation.recipe
        after_last = sum(phase.epochs for phase in phases) if round_number > recipe.rounds else 0
        return state_after_training(
            self.federation.model,
            self.federation.clients[self.number].train,
            recipe.client_recipe(self.federation.seed, self.number, after_last),
            start,
            phases,
            self.federation.exchanged.layers,
            after_epochs=(round_number - 1) * recipe.local_epochs,
            loss=self.federation.loss,
            keeps_optimizer=recipe.optimizer_state == "kept",
        )

    def sent(self, weights: StateDict, labels: Collection[str], *, whole: bool) -> Sent:
        """What the client sends.

        Args:
            weights: Its network after local training.
            labels: The layers that it was asked for.
            whole: Whether it was asked for the whole network, to measure barriers.

        Returns:
            Weights and count.
        """
        keys = weights if whole else self.federation.exchanged.keys(labels)
        return Sent(self.number, self.federation.count(self.number), {key: weights[key] for key in keys})

    def _name(self, round_number: int, kind: str) -> str:
        return f"client-{self.number:03}-round-{round_number:04}-{kind}.safetensors"

    def _newest(self, up_to: int) -> Path | None:
        files = [file for file in self._states() if _round_of(file) <= up_to]
        return max(files, key=lambda file: (_round_of(file), file.stat().st_mtime_ns), default=None)

    def _forget(self, up_to: int) -> None:
        for file in self._states():
            if _round_of(file) <= up_to:
                file.unlink(missing_ok=True)

    def _states(self) -> list[Path]:
        return sorted(self.folder.glob(f"client-{self.number:03}-round-*.safetensors"))


def is_of_the_machine(error: Exception) -> bool:
    """Whether not a client's training failed but the machine: the disk is full, or memory ran out.

    Left out of the mean for this, the client would be missing from the rounds of whoever goes on.

    Args:
        error: What its training raised.

    Returns:
        Whether the rounds are to stop.
    """
    return isinstance(error, UnwritableError | MemoryError) or is_out_of_memory(error)


def _share(common: Path, file: Path) -> None:
    """Give a state, which nobody changes any more, a second name; a copy where the file system has no links."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # a damaged one
    try:
        os.link(common, file)
    except OSError:
        save_whole(file, lambda temporary: shutil.copyfile(common, temporary))


def failure_reason(error: Exception) -> str:
    """Why a client could not train, as results say it.

    Args:
        error: What its training raised.

    Returns:
        A line without a path.
    """
    if isinstance(error, InputError):
        return f"expected {error.expected}, got {error.got}"
    first_line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def _hash_of(start: TrainingState, phases: Sequence[Phase]) -> str:
    """What a training starts from: a state's file is named by it, so that it is never taken for another's."""
    parts = [content_hash(start.weights), content_hash(start.optimizer), repr(tuple(phases))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _whole_state(file: Path) -> TrainingState | None:
    """A state that is there; one that the disk damaged is removed, and so made again."""
    if not file.is_file():
        return None
    try:
        return load_training_state(file)
    except DamagedError:
        warnings.warn(f"{file.name} was damaged on the disk, and is made again", IsthmusWarning, stacklevel=3)
        file.unlink()
        return None


def _round_of(file: Path) -> int:
    return int(file.stem.split("-")[3])
