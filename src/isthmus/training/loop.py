"""Training: one plain loop over examples that stay on the device."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.training.recipe import Recipe
from isthmus.training.schedule import warmup_cosine
from isthmus.training.seeds import Seeds


@dataclass(frozen=True)
class Training:
    """What came out of a training.

    Attributes:
        weights: The final state dict, on the CPU, in memory of its own.
        losses: Mean cross-entropy per example, in nats, of each epoch, taken while the weights moved.
    """

    weights: dict[str, Tensor]
    losses: tuple[float, ...]


def train(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    seeds: Seeds,
    progress: Callable[[int, float], None] | None = None,
) -> Training:
    """Train a classifier by stochastic gradient descent with momentum and a clipped gradient.

    The same model, examples, recipe and seeds give the same weights to the bit, on the same machine with the same
    number of threads. PyTorch's own random state on the CPU is as before afterwards.

    Args:
        model: Trained in place, on the device where it is; its initial weights are the caller's
            (`make_initial_model`).
        examples: Inputs and class numbers; they should be on the model's device.
        recipe: The settings.
        seeds: `order` and `augmentation` are used.
        progress: Called after every epoch with the epochs done and the loss of the last.

    Returns:
        The final weights and the loss of every epoch.

    Raises:
        InputError: If a loss is not finite.
    """
    device = next(model.parameters()).device
    per_epoch = math.ceil(len(examples) / recipe.batch_size)
    optimizer = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    order = torch.Generator().manual_seed(seeds.stream("order"))
    losses: list[float] = []
    model.train()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seeds.stream("augmentation"))
        for epoch in range(recipe.epochs):
            shuffled = examples.take(torch.randperm(len(examples), generator=order))
            batch_losses = torch.zeros(per_epoch, device=device)
            for batch in range(per_epoch):
                for group in optimizer.param_groups:
                    group["lr"] = warmup_cosine(
                        epoch * per_epoch + batch,
                        peak=recipe.learning_rate,
                        warmup_iterations=recipe.warmup_iterations,
                        num_iterations=recipe.epochs * per_epoch,
                    )
                start = batch * recipe.batch_size
                inputs, targets = shuffled.batch(start, start + recipe.batch_size, device, torch.float32)
                loss = nn.functional.cross_entropy(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
                optimizer.step()
                batch_losses[batch] = loss.detach() * len(targets)
            losses.append(_finite_sum(batch_losses, epoch) / len(examples))
            if progress is not None:
                progress(epoch + 1, losses[-1])
    weights = {key: tensor.detach().clone().cpu() for key, tensor in model.state_dict().items()}
    return Training(weights, tuple(losses))


def _finite_sum(batch_losses: Float[Tensor, " batches"], epoch: int) -> float:
    # Read once an epoch: asking after every mini-batch would make a GPU wait.
    finite = batch_losses.isfinite()
    if not finite.all():
        first = int((~finite).nonzero()[0])
        raise InputError(
            "a finite training loss",
            f"{float(batch_losses[first])} in mini-batch {first + 1} of epoch {epoch + 1}",
            "the recipe",
            "lower learning_rate or clip_norm, or raise warmup_iterations",
        )
    return float(batch_losses.sum(dtype=torch.float64))
