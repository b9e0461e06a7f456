"""The networks of a recipe, trained one after the other into a folder each."""

import logging
import math
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.errors import InputError, IsthmusWarning
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.losses.loss import LOSSES, Loss, loss_named
from isthmus.files import has_leftovers, is_empty
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.models.load import load_model
from isthmus.models.source import source_hash
from isthmus.progress_file import ProgressFile, end_progress
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import training_iterations
from isthmus.training.networks.folder import NetworkFolder
from isthmus.training.networks.turns import independent_groups, refuse_unlike_arithmetic, take_turns
from isthmus.training.recipe.recipe import NetworkRecipe
from isthmus.training.writer import BackgroundWriter
from isthmus.user_code import load_function, source_identity
from isthmus.weights.checkpoint import load_checkpoint
from isthmus.weights.fitting import fit_to_model
from isthmus.weights.state import content_hash
from isthmus.weights.step import Step
from isthmus.weights.training_state import TrainingState

LOG = logging.getLogger(__name__)
ELSEWHERE = {"name", "data", "initial", "spawn", "device"}  # settings that stand in recipe.json in another form
# The same kernels, started together (docs/decisions.md, Training).
CHANGES_NO_BIT = {"cuda_graph"}


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        network: Its name.
        step: The time.
        length: The time at its end.
        loss: Mean training loss per example of the last epoch; NaN where nothing was left to do.
        seconds: Since this network's training began or went on.
    """

    network: str
    step: Step
    length: Step
    loss: float
    seconds: float


def train_networks(
    recipes: Sequence[NetworkRecipe],
    out: Path,
    *,
    resume: bool = False,
    data_root: Path | None = None,
    data: Mapping[str, Examples] | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
    at_once: int = 1,
) -> dict[str, NetworkFolder]:
    """Train the networks of a recipe, each into a folder of its name.

    Killed at any moment, it goes on with `resume` from the last checkpoint and ends with the same bytes.

    With `at_once` above 1 networks that know nothing of each other take turns in this process, an iteration each. On a
    GPU each has a stream of its own, so that the kernels of one fill what those of another leave idle.

    Args:
        recipes: From `load_recipes`; a network that is spawned stands after the one that it is spawned from.
        out: Where the folders are made.
        resume: Go on with what is there; finished networks are left as they are.
        data_root: Where known data sets lie.
        data: Examples by the names that recipes have for them; None where they are to be read.
        tell: Called after every epoch of every network.
        at_once: How many take turns; above 1 all have to be of one device and one type.

    Returns:
        The folders by name.

    Raises:
        InputError: There is a training and `resume` was not asked for; what is there was trained otherwise; the
            network does not run on the data; or a loss is not finite.
    """
    refuse_used_folders(recipes, out, resume=resume)
    if data is None:
        data = {spec: load_examples(spec, data_root=data_root) for spec in dict.fromkeys(r.data for r in recipes)}
    folders: dict[str, NetworkFolder] = {}
    for recipe in recipes:
        lasting = tuple(other.spawn.at for other in recipes if other.spawn and other.spawn.network == recipe.name)
        folder = NetworkFolder(out / recipe.name, recipe.batch_size, len(data[recipe.data]), lasting)
        _refuse_late_parting(recipe, folder)
        folders[recipe.name] = folder

    def training(group: Sequence[NetworkRecipe]) -> Generator[None, None, None]:
        for recipe in group:
            parent = folders[recipe.spawn.network] if recipe.spawn else None
            yield from _network_training(recipe, data[recipe.data], folders[recipe.name], parent, tell)

    if at_once == 1:
        for recipe in recipes:
            take_turns([training([recipe])], 1, recipe)
    else:
        refuse_unlike_arithmetic(recipes)
        take_turns([training(group) for group in independent_groups(recipes)], at_once, recipes[0])
    return folders


def refuse_used_folders(recipes: Sequence[NetworkRecipe], out: Path, *, resume: bool) -> None:
    """Refuse, before any network is trained, what is there already.

    Args:
        recipes: One a network.
        out: Where a folder for each of them is made.
        resume: Whether to go on with what is there.

    Raises:
        InputError: `out` is a file, or one of the folders is not empty and `resume` was not asked for.
    """
    if out.is_file():
        raise InputError("a folder", "a file", str(out), "name another --out")
    for folder in (out / recipe.name for recipe in recipes):
        refuse_held(folder)
        if not is_empty(folder) and not resume:
            raise InputError(
                "a new or empty folder", "an existing training", str(folder),
                "add --resume, or name another --out",
            )  # fmt: skip


def _refuse_late_parting(recipe: NetworkRecipe, folder: NetworkFolder) -> None:
    """Refuse, before any network is trained, those that would part after their end."""
    per_epoch = folder.iterations_per_epoch
    for at in (*folder.lasting, *([recipe.spawn.at] if recipe.spawn else [])):
        if at.iterations(per_epoch) >= recipe.length.iterations(per_epoch):
            raise InputError(
                f"a step before the end of network {recipe.name!r}, {recipe.length}",
                f"{at}, with {per_epoch} iterations an epoch",
                "spawn of the recipe",
                "split the networks earlier",
            )


def _network_training(
    recipe: NetworkRecipe,
    examples: Examples,
    folder: NetworkFolder,
    parent: NetworkFolder | None,
    tell: Callable[[Progress], None],
) -> Generator[None, None, None]:
    device = device_named(recipe.device)
    model = make_initial_model(partial(load_model, recipe.model), recipe.seeds)
    initial = _load_initial(recipe, model)
    facts = _facts(recipe, examples, initial, device.type)
    is_whole = folder.is_finished(recipe.length) and folder.damaged_since() is None
    if not is_whole or has_leftovers(folder.path):
        with held_folder(folder.path) as hold:
            folder.begin(facts)
            _remove_damaged(folder)
            # Another process may have finished it since the first look.
            if not folder.is_finished(recipe.length):
                yield from _go_on(recipe, model.to(device), examples.to(device), folder, parent, tell, hold)
                return
    folder.begin(facts)
    folder.remove_states()
    end_progress(folder.path)
    tell(Progress(recipe.name, recipe.length, recipe.length, math.nan, 0.0))


def _remove_damaged(folder: NetworkFolder) -> None:
    since = folder.damaged_since()
    if since is not None:
        text = f"network {folder.path.name!r} was damaged on the disk at iteration {since}: it is trained again"
        warnings.warn(text, IsthmusWarning, stacklevel=2)
        folder.remove_since(since)


def _go_on(
    recipe: NetworkRecipe,
    model: nn.Module,
    examples: Examples,
    folder: NetworkFolder,
    parent: NetworkFolder | None,
    tell: Callable[[Progress], None],
    hold: Hold,
) -> Generator[None, None, None]:
    start = folder.newest_state()
    if start is None and recipe.spawn and parent:
        start = _beginning(recipe.spawn.at, parent, folder)
        folder.take_beginning(parent, recipe.spawn.at)
    begun, per_epoch = time.monotonic(), folder.iterations_per_epoch
    done = [0 if start is None else start.iteration]
    said = ProgressFile(folder.path, "train", "iterations", done=done[0], of=recipe.length.iterations(per_epoch))

    def told(step: Step, loss: float) -> None:
        hold.confirm()
        said.advance(step.iterations(per_epoch) - done[0], step=str(step), loss=loss)
        done[0] = step.iterations(per_epoch)
        tell(Progress(recipe.name, step, recipe.length, loss, time.monotonic() - begun))

    def keep(step: Step, state: TrainingState) -> None:
        hold.confirm()
        folder.save(step, state)
        LOG.info("network %s: checkpoint at %s", recipe.name, step)

    # Only at a checkpoint is there a state that another network can start from.
    kept = recipe.model_copy(update={"checkpoints": (*recipe.checkpoints, *folder.lasting)})
    with BackgroundWriter() as writer:
        yield from training_iterations(
            model,
            examples,
            kept,
            loss=recipe_loss(recipe.loss),
            start=start,
            keep=lambda step, state: writer.submit(partial(keep, step, state)),
            progress=told,
        )
    folder.remove_states()
    end_progress(folder.path)


def _beginning(at: Step, parent: NetworkFolder, folder: NetworkFolder) -> TrainingState:
    """The parent's state where the two part, as this network counts iterations; the losses so far are the parent's."""
    state = parent.state_at(at)
    iteration = at.iterations(folder.iterations_per_epoch)
    return TrainingState(iteration, state.weights, state.optimizer, state.losses.new_full((iteration,), math.nan))


def _load_initial(recipe: NetworkRecipe, model: nn.Module) -> str | None:
    """Load the checkpoint to start from, if there is one, and return its content hash."""
    if recipe.initial is None:
        return None
    checkpoint = load_checkpoint(recipe.initial)
    model.load_state_dict(fit_to_model(checkpoint.weights, model, checkpoint.name).weights)
    return content_hash(checkpoint.weights)


def recipe_loss(name: str) -> Loss:
    """The loss that a recipe names.

    Args:
        name: Of a known loss, perhaps with options, or `file.py:function`.

    Returns:
        Gives one loss an example.
    """
    file, colon, function = name.rpartition(":")
    is_file = colon and name.partition(":")[0] not in LOSSES
    return load_function(Path(file), function, name) if is_file else loss_named(name)


def _facts(recipe: NetworkRecipe, examples: Examples, initial: str | None, device: str) -> dict[str, Any]:
    """What the training depends on, without a path."""
    facts = recipe.model_dump(mode="json", exclude=ELSEWHERE | CHANGES_NO_BIT)
    model, loss = Path(recipe.model), Path(recipe.loss)
    return {
        "schema": 1,
        **facts,
        "model": model.name,
        "model_source": source_hash(recipe.model),
        "loss": loss.name,
        "loss_source": loss_hash(recipe.loss),
        "data": examples.name,
        "data_hash": examples.content_hash,
        "initial": initial,
        "spawn": recipe.spawn.model_dump(mode="json") if recipe.spawn else None,
        "device": device,
    }


def loss_hash(name: str) -> str | None:
    """The hash of the user's file that a loss is in.

    Args:
        name: As for `recipe_loss`.

    Returns:
        The hash; None for a loss of isthmus.
    """
    file, colon, _ = name.rpartition(":")
    return source_identity(Path(file)) if colon and Path(file).is_file() else None
