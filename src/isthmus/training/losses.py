"""The losses of a training over time."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.weights.step import Step


def epoch_losses(losses: Float[Tensor, " iterations"], batch_size: int, num_examples: int) -> tuple[float, ...]:
    """The mean loss per example of every epoch, each iteration weighted by the size of its mini-batch.

    Args:
        losses: Mean loss per example of each iteration; NaN for one that another network took.
        batch_size: Examples in a mini-batch; the last one of an epoch may be smaller.
        num_examples: Examples in an epoch.

    Returns:
        One number an epoch, in the unit of the losses; the last may be of an epoch's beginning. NaN where no iteration
        is known.

    Example:
        >>> epoch_losses(torch.tensor([1.0, 4.0, 2.0]), batch_size=2, num_examples=3)
        (2.0, 2.0)
    """
    per_epoch = math.ceil(num_examples / batch_size)
    sizes = torch.full((per_epoch,), float(batch_size), dtype=torch.float64)
    sizes[-1] = num_examples - batch_size * (per_epoch - 1)
    means = []
    for epoch in torch.split(losses.cpu().double(), per_epoch):
        # A spawned network has no losses of its own before the split.
        known = ~epoch.isnan()
        weights = sizes[: len(epoch)][known]
        means.append(float((epoch[known] * weights).sum() / weights.sum()))
    return tuple(means)


@dataclass
class LossRecord:
    """The losses of a training that is under way, on its device.

    Attributes:
        losses: One an iteration; NaN for those to come.
        batch_size: Examples in a mini-batch.
        num_examples: Examples in an epoch.
        first: The first iteration of this training's own.
        last_kept: The last checkpoint, if there is one.
    """

    losses: Float[Tensor, " iterations"]
    batch_size: int
    num_examples: int
    first: int = 0
    last_kept: Step | None = None

    def last_epoch(self, done: int) -> float:
        """The mean loss per example of the epoch that is under way or has just ended.

        Args:
            done: Iterations so far.

        Returns:
            The mean over this epoch's iterations so far.
        """
        per_epoch = math.ceil(self.num_examples / self.batch_size)
        begin = (done - 1) // per_epoch * per_epoch
        return epoch_losses(self.losses[begin:done], self.batch_size, self.num_examples)[0]

    def refuse_divergence(self, done: int, model: nn.Module) -> None:
        """Stop a training whose loss or weights are no finite numbers.

        Asked once an epoch and at checkpoints: asking after every mini-batch would make a GPU wait.

        Args:
            done: Iterations so far.
            model: The network; only its parameters are looked at.

        Raises:
            InputError: A loss or a weight is not finite; the message names the iteration and the last checkpoint.
        """
        expected, got = "a finite training loss", ""
        finite = self.losses[self.first : done].isfinite()
        if not finite.all():
            iteration = self.first + int((~finite).nonzero()[0])
            epoch, number = divmod(iteration, math.ceil(self.num_examples / self.batch_size))
            place = f"iteration {iteration + 1} (mini-batch {number + 1} of epoch {epoch + 1})"
            got = f"{float(self.losses[iteration])} in {place}"
        elif not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
            expected, got = "finite weights", f"weights that are not, after iteration {done}"
        if got:
            kept = f"the last good checkpoint is {self.last_kept}" if self.last_kept else "no checkpoint was kept"
            raise InputError(
                expected,
                f"{got}; {kept}",
                "the recipe",
                "lower optimizer.learning_rate or clip_norm, or lengthen schedule.warmup",
            )


def save_log(file: Path, losses: Float[Tensor, " iterations"], batch_size: int, num_examples: int) -> None:
    """Write a table with the loss of every epoch: `epoch,iteration,training_loss`, no times.

    Args:
        file: The CSV file to make.
        losses: As in `epoch_losses`; epochs that another network took in this one's place are left out.
        batch_size: Examples in a mini-batch.
        num_examples: Examples in an epoch.
    """
    per_epoch = math.ceil(num_examples / batch_size)
    lines = ["epoch,iteration,training_loss"]
    for number, loss in enumerate(epoch_losses(losses, batch_size, num_examples), start=1):
        if not math.isnan(loss):
            # A training may end within an epoch; repr loses no digit.
            lines.append(f"{number},{min(number * per_epoch, len(losses))},{loss!r}")
    text = "\n".join(lines) + "\n"
    save_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))
