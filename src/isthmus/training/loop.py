"""Training: one plain loop over examples that stay on the device."""

import math
import warnings
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError, IsthmusWarning
from isthmus.evaluation.losses.fitting_targets import refuse_unfit_targets
from isthmus.evaluation.losses.loss import Loss, example_losses, loss_named
from isthmus.evaluation.losses.remarks import missing_inputs
from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.training.arithmetic import forward_of, seed_dropout, training_arithmetic
from isthmus.training.augmentation import refuse_unfit_augmentations
from isthmus.training.batches import make_batch, training_batches
from isthmus.training.frozen import frozen_weights
from isthmus.training.gradient import gradient_of
from isthmus.training.losses import LossRecord, epoch_losses
from isthmus.training.optimizer import (
    ascent,
    load_optimizer_tensors,
    make_optimizer,
    optimizer_tensors,
    set_learning_rate,
)
from isthmus.training.recipe.optimizer_settings import Sam
from isthmus.training.recipe.recipe import Recipe
from isthmus.training.steps import checkpoint_steps
from isthmus.weights.state import tensors_of
from isthmus.weights.step import Step
from isthmus.weights.training_state import TrainingState

Keep = Callable[[Step, TrainingState], None]


@dataclass(frozen=True)
class Training:
    """What came out of a training.

    Attributes:
        weights: The final state dict, on the CPU, in memory of its own.
        losses: Mean loss per example of each epoch, taken while the weights moved; NaN for one that another network
            took in its place.
    """

    weights: dict[str, Tensor]
    losses: tuple[float, ...]


def train(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    loss: Loss | None = None,
    start: TrainingState | None = None,
    stop: int | None = None,
    frozen: Collection[str] = (),
    keep: Keep | None = None,
    progress: Callable[[Step, float], None] | None = None,
) -> Training:
    """Train a network by a recipe.

    The same initial weights, examples and recipe give the same weights to the bit, on the same processor with the same
    number of threads, in one go or in parts. PyTorch's own random state is as before afterwards.

    Args:
        model: Trained in place, on the device where it is; its initial weights are the caller's
            (`make_initial_model`).
        examples: Inputs and targets; they should be on the model's device.
        recipe: The settings; the seeds `order` and `augmentation` are used.
        loss: Per-example losses in place of those that the recipe names.
        start: Where an earlier training stopped; None begins with the model as it is.
        stop: The iteration after which to stop, before the end of the recipe; None for the end.
        frozen: Keys of weights that do not move; nor do running statistics among them.
        keep: Given the state at every checkpoint of the recipe and at `stop`, as copies that training on does not
            change.
        progress: Called after every epoch, and at the end, with the time and the epoch's loss.

    Returns:
        The final weights and the loss of every epoch.

    Raises:
        InputError: The network does not run on the examples, an augmentation is not made for them, or a loss is not
            finite.
    """
    device = next(model.parameters()).device
    with training_arithmetic(recipe.dtype, device):
        iterations = training_iterations(
            model, examples, recipe, loss=loss, start=start, stop=stop, frozen=frozen, keep=keep, progress=progress
        )
        while True:
            try:
                next(iterations)
            except StopIteration as end:
                trained: Training = end.value
                return trained


def training_iterations(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    loss: Loss | None = None,
    start: TrainingState | None = None,
    stop: int | None = None,
    frozen: Collection[str] = (),
    keep: Keep | None = None,
    progress: Callable[[Step, float], None] | None = None,
) -> Generator[None, None, Training]:
    """The same training one iteration at a time, so that several can go on in turn.

    To be gone through within `training_arithmetic`. Every iteration sets PyTorch's random state for itself, so that
    what happens between two of them changes no bit.

    Args:
        model: As in `train`.
        examples: As in `train`.
        recipe: As in `train`.
        loss: As in `train`.
        start: As in `train`.
        stop: As in `train`.
        frozen: As in `train`.
        keep: As in `train`.
        progress: As in `train`.

    Yields:
        Nothing, after every iteration.

    Returns:
        As `train`.

    Raises:
        InputError: As in `train`.
    """
    device = next(model.parameters()).device
    per_epoch = math.ceil(len(examples) / recipe.batch_size)
    end = recipe.length.iterations(per_epoch)
    steps = checkpoint_steps(recipe.length, recipe.checkpoints, recipe.checkpoint_every, per_epoch)
    loss_function = loss or loss_named(recipe.loss)
    gradient = gradient_of(model, forward_of(model, recipe, device), loss_function, recipe)
    if start is None or not start.iteration:  # a training that goes on has passed this
        _refuse_unfit(model, examples, recipe, loss_function)
    optimizer = make_optimizer(recipe.optimizer, model)
    record = LossRecord(torch.full((end,), math.nan, device=device), recipe.batch_size, len(examples))
    if start is not None:
        model.load_state_dict(start.weights)
        load_optimizer_tensors(optimizer, model, start.optimizer)
        record.losses[: start.iteration] = start.losses.to(device)
        record.first = start.iteration
        record.last_kept = None if keep is None else steps.get(start.iteration, Step(start.iteration, "it"))

    def kept(done: int) -> None:
        if keep is not None and (done in steps or done == stop):
            record.refuse_divergence(done, model)
            state = _copied_state(done, model, optimizer, record.losses)
            step = steps.get(done, Step(done, "it"))
            keep(step, state)
            record.last_kept = step

    model.train()
    if start is None:
        kept(0)
    with frozen_weights(model, frozen):
        for iteration, batch in enumerate(training_batches(examples, recipe, record.first, device), record.first):
            rate = recipe.schedule.rate(iteration, end, per_epoch, recipe.optimizer.learning_rate)
            set_learning_rate(optimizer, rate)
            seed = recipe.seeds.stream("augmentation", iteration, "dropout")
            seed_dropout(seed, device)
            record.losses[iteration] = gradient(batch)
            if isinstance(recipe.optimizer, Sam):
                # The same dropout in both passes, so that rho = 0 is SGD to the bit.
                with ascent(model, recipe.optimizer.rho):
                    seed_dropout(seed, device)
                    gradient(batch)
            if recipe.clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
            optimizer.step()

            done = iteration + 1
            if done % per_epoch == 0 or done in {end, stop}:
                record.refuse_divergence(done, model)
                if progress is not None:
                    progress(recipe.length if done == end else Step(done // per_epoch, "ep"), record.last_epoch(done))
            kept(done)
            yield
            if done == stop:
                break
    weights = {key: tensor.clone().cpu() for key, tensor in tensors_of(model).items()}
    return Training(weights, epoch_losses(record.losses, recipe.batch_size, len(examples)))


def _copied_state(done: int, model: nn.Module, optimizer: torch.optim.Optimizer, losses: Tensor) -> TrainingState:
    weights = {key: tensor.clone() for key, tensor in tensors_of(model).items()}
    state = TrainingState(done, weights, optimizer_tensors(optimizer, model), losses[:done].clone())
    if losses.device.type == "cuda":
        torch.cuda.current_stream(losses.device).synchronize()  # whoever gets the state may be on another stream
    return state


def _refuse_unfit(model: nn.Module, examples: Examples, recipe: Recipe, loss: Loss) -> None:
    """Run two examples through the network before training, where a message can still say what is wrong."""
    refuse_unfit_augmentations(examples, recipe.augmentations)
    parameter = next(model.parameters())
    # In evaluation mode, so that trying the network changes no running statistics.
    few = make_batch(examples.take(slice(0, min(2, len(examples)))), (), 0, parameter.device, parameter.dtype)
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            outputs = USUAL_OUTPUT(model(few.inputs))
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "a network that runs on the data",
            f"{type(error).__name__}: {str(error).splitlines()[0]}",
            f"{type(model).__name__} on {examples.name}, inputs of shape {tuple(few.inputs.shape)}",
            "check the recipe's model (its channels and classes) and data",
        ) from error
    finally:
        model.train(training)
    refuse_unfit_targets(loss, outputs, examples)
    _refuse_missing_inputs(model, examples, parameter.dtype)
    example_losses(loss, outputs, few.targets)


def _refuse_missing_inputs(model: nn.Module, examples: Examples, dtype: torch.dtype) -> None:
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for remark in missing_inputs(examples, lambda inputs: USUAL_OUTPUT(model(inputs)), dtype):
                warnings.warn(remark, IsthmusWarning, stacklevel=4)
    finally:
        model.train(training)
