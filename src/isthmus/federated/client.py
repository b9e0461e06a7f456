"""One client: its local training, and how good a network is for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from isthmus.data.clients.parts import ClientExamples
from isthmus.data.examples import Examples
from isthmus.evaluation.losses.example_errors import example_errors
from isthmus.evaluation.losses.loss import Loss, example_losses
from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.federated.rules.rule import Phase
from isthmus.layers.partition import LayerPartition
from isthmus.training.loop import train
from isthmus.training.recipe.recipe import Recipe
from isthmus.trees import arguments
from isthmus.weights.state import StateDict, content_hash
from isthmus.weights.training_state import TrainingState

BATCH = 500  # examples at a time of an evaluation; fixed, since another size changes the last bits


def initial_state(weights: StateDict) -> TrainingState:
    """Where every client begins.

    Args:
        weights: Of the network that all begin with.

    Returns:
        A state before the first iteration.
    """
    return TrainingState(0, dict(weights), {}, torch.zeros(0))


def state_after_training(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    state: TrainingState,
    phases: Sequence[Phase],
    layers: LayerPartition,
    *,
    after_epochs: int,
    loss: Loss | None = None,
    keeps_optimizer: bool = False,
) -> TrainingState:
    """A client after its local training for a round.

    Learning rate, order and augmentation are those of the client's epochs number `after_epochs` and on, whether or not
    it took part in every earlier round.

    Args:
        model: On the device; its weights and everything else are overwritten.
        examples: The client's own, on the device.
        recipe: `FederatedRecipe.client_recipe`.
        state: The client before: its network, and what its optimizer remembers.
        phases: What to train, in order.
        layers: Of the network.
        after_epochs: The epochs of the rounds before.
        loss: Per-example losses in place of those that the recipe names.
        keeps_optimizer: Whether the optimizer goes on from its memory; else it forgets before this round, though not
            between the phases of one.

    Returns:
        The state after the last phase, on the CPU.

    Raises:
        InputError: A loss or weight is not finite, or the network does not run on the examples.
    """
    per_epoch = math.ceil(len(examples) / recipe.batch_size)
    done = after_epochs * per_epoch
    losses = torch.cat([state.losses, torch.full((done,), math.nan)])[:done]
    now = replace(state, iteration=done, losses=losses, optimizer=state.optimizer if keeps_optimizer else {})
    kept = [now]
    for phase in phases:
        frozen = (
            ()
            if phase.trained is None
            else [k for label in layers if label not in phase.trained for k in layers[label]]
        )
        stop = kept[-1].iteration + phase.epochs * per_epoch
        if stop > kept[-1].iteration:
            train(
                model, examples, recipe, loss=loss, start=kept[-1], stop=stop, frozen=frozen,
                keep=lambda _step, reached: kept.append(reached),
            )  # fmt: skip
    last = kept[-1]
    weights, optimizer = (
        {key: tensor.cpu() for key, tensor in part.items()} for part in (last.weights, last.optimizer)
    )
    return TrainingState(last.iteration, weights, optimizer, last.losses.cpu())


@dataclass(frozen=True)
class Scores:
    """How good a network is on some examples.

    Attributes:
        loss: Mean loss per example.
        error_rate: Share of wrong predictions; NaN where there are no classes.
        num_examples: Of how many.
    """

    loss: float
    error_rate: float
    num_examples: int


@dataclass(frozen=True)
class ExampleScores:
    """How good a network is on each example.

    Attributes:
        losses: Shape (n,), float64.
        errors: Shape (n,), float64: 1 for a wrong prediction; NaN where there are no classes.
    """

    losses: Tensor
    errors: Tensor

    def scores(self, indices: Tensor | None = None) -> Scores:
        """Their means.

        Args:
            indices: Of the examples that count; None for all.

        Returns:
            The means.
        """
        losses, errors = (v if indices is None else v[indices] for v in (self.losses, self.errors))
        return Scores(float(losses.mean()), float(errors.mean()), len(losses))


@torch.no_grad()
def example_scores(model: nn.Module, weights: StateDict, examples: Examples, loss: Loss) -> ExampleScores:
    """Loss and error of each example.

    Args:
        model: On the device; it gets the weights.
        weights: The network.
        examples: On the device.
        loss: Gives one loss an example.

    Returns:
        Two tensors of shape (n,).
    """
    model.load_state_dict(dict(weights))
    model.eval()
    parameter = next(model.parameters())
    losses, errors = [], []
    for start in range(0, len(examples), BATCH):
        inputs, targets = examples.batch(start, start + BATCH, parameter.device, parameter.dtype)
        args, kwargs = arguments(inputs)
        outputs = USUAL_OUTPUT(model(*args, **kwargs))
        of_batch = example_losses(loss, outputs, targets).double().cpu()
        wrong = example_errors(loss, outputs, targets)
        losses.append(of_batch)
        errors.append(torch.full_like(of_batch, math.nan) if wrong is None else wrong.double().cpu())
    return ExampleScores(torch.cat(losses), torch.cat(errors))


class Scorer:
    """Scores networks for clients. It remembers the last network, which may be that of several clients.

    Args:
        model: On the device; it gets the weights.
        all_test: All test examples, on the device; None where networks are scored on the clients' own alone.
        loss: Gives one loss an example.
    """

    def __init__(self, model: nn.Module, all_test: Examples | None, loss: Loss) -> None:
        self._model, self._all_test, self._loss = model, all_test, loss
        self._last: tuple[str, ExampleScores] | None = None

    def scores(self, weights: StateDict, client: ClientExamples) -> dict[str, Scores]:
        """How good a network is for a client.

        Args:
            weights: The network.
            client: Whose; on the device.

        Returns:
            Scores of its own test part, "own", and of all test examples, "global", where they are asked for.
        """
        if self._all_test is None:
            return {"own": self._of(weights, client.test).scores()}
        known = content_hash(weights)
        if self._last is None or self._last[0] != known:
            self._last = known, self._of(weights, self._all_test)
        everywhere = self._last[1]
        if client.test_indices is not None:  # the own part is among them: no need to run it twice
            own = everywhere.scores(client.test_indices)
        else:
            own = self._of(weights, client.test).scores()
        return {"own": own, "global": everywhere.scores()}

    def _of(self, weights: StateDict, examples: Examples) -> ExampleScores:
        return example_scores(self._model, weights, examples, self._loss)
