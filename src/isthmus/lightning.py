"""A callback for Lightning: the network in training, measured against an earlier one. The extra `lightning` brings it.

Both names of Lightning are taken, `lightning.pytorch` and `pytorch_lightning`: their trainers know the callback.
"""

import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError, IsthmusWarning

if TYPE_CHECKING:
    import xarray as xr
    from torch import nn

_BASES: list[Any] = []
with suppress(ImportError):
    from lightning.pytorch import Callback

    _BASES.append(Callback)
with suppress(ImportError):
    from pytorch_lightning import Callback as OlderCallback

    _BASES.append(OlderCallback)

SHARDED = {"FSDPStrategy", "DeepSpeedStrategy", "ModelParallelStrategy"}


class LayerwiseBarriers(*(_BASES or [object])):  # type: ignore[misc]
    """Measures every n epochs which layers of the network in training still average with an earlier checkpoint.

    `against` is network a, the network in training b, copied when an epoch has ended. Logged through the module, so
    that a logger, a progress bar and `ModelCheckpoint(monitor=...)` have them: `isthmus/loss_barrier` of the full
    network and `isthmus/largest_layer_loss_barrier` of single layers, each the larger of the two hosts, in the unit of
    the loss; the same of `error_barrier`, a rate of [0, 1], where there is one. Of several splits
    `isthmus/SPLIT/loss_barrier`.

    Training goes on as if nothing had been measured: weights, gradients, mode and the state of all random generators
    are to the bit what they were. What doesn't fit is refused before the first step; what goes wrong later (a
    checkpoint that is gone, a full disk) is a warning, and training goes on. Of several processes the first measures.

    Args:
        against: The earlier network: a checkpoint's path, or a state dict of the LightningModule or of `network`.
        data: What to measure on, as `isthmus.measure` takes it. Its whole cost is paid every time: take a few hundred
            examples.
        every_n_epochs: How often.
        sweep: As `isthmus.measure`; "full" measures the full network alone.
        network: The attribute of the LightningModule that holds the network, such as "net" or "model.encoder"; "" for
            the module itself, whose `forward` then takes a batch's inputs.
        out: A folder in which every measurement becomes a run of its own, `epoch-004`; None keeps the last alone.
        name: Stands before what is logged.
        settings: Further arguments of `isthmus.measure`, such as `alphas=5` or `loss="squared_error"`.

    Attributes:
        result: The last measurement; None before the first.

    Raises:
        InputError: Lightning is not installed, or a count is none.
    """

    def __init__(
        self,
        against: Mapping[str, Any] | str | Path,
        data: object,
        *,
        every_n_epochs: int = 1,
        sweep: str | Sequence[str] = "single",
        network: str = "",
        out: str | Path | None = None,
        name: str = "isthmus",
        **settings: Any,
    ) -> None:
        if not _BASES:
            raise InputError("Lightning", "none installed", "LayerwiseBarriers", "pip install 'isthmus[lightning]'")
        if every_n_epochs < 1:
            raise InputError("a count of epochs", str(every_n_epochs), "every_n_epochs", "give 1 or more")
        super().__init__()
        self.against, self.data, self.network, self.name = against, data, network, name
        self.every_n_epochs = every_n_epochs
        self.settings = {"sweep": sweep, **settings}
        self.out = None if out is None else Path(out)
        self.result: xr.Dataset | None = None

    def on_train_start(self, trainer: Any, pl_module: "nn.Module") -> None:
        """Refuse what could not be measured later.

        Args:
            trainer: Lightning's.
            pl_module: In training.

        Raises:
            InputError: The earlier network, the data or a setting doesn't fit, a folder is taken, or the network is
                divided over processes.
        """
        strategy = type(trainer.strategy).__name__
        if strategy in SHARDED:
            remedy = "measure its checkpoints after training: isthmus measure A B"
            raise InputError("a network that each process holds whole", strategy, "LayerwiseBarriers", remedy)
        if not trainer.is_global_zero:
            return
        folders = () if self.out is None else self.out.glob("epoch-*")
        taken = [folder for folder in folders if folder.name >= _folder(trainer.current_epoch)]
        if taken:
            remedy = "choose another out, or remove it"
            raise InputError("a folder for the epochs to come", "one that is there", str(min(taken)), remedy)
        with _random_state_kept():  # imports too may draw
            from isthmus.runs.request.request import request_of
            from isthmus.runs.subject.loaded import Loaded

            Loaded.of(request_of(*self._subject(pl_module), self.data, **self.settings))

    def on_train_epoch_end(self, trainer: Any, pl_module: "nn.Module") -> None:
        """Measure, if it is time.

        Args:
            trainer: Lightning's.
            pl_module: In training.
        """
        epoch = trainer.current_epoch
        if (epoch + 1) % self.every_n_epochs or not trainer.is_global_zero:
            return
        out = None if self.out is None else self.out / _folder(epoch)
        try:
            with _random_state_kept():
                from isthmus.runs.measure import measure

                self.result = measure(*self._subject(pl_module, epoch), self.data, out=out, **self.settings)
        except InputError as error:
            warnings.warn(f"Epoch {epoch} is not measured:\n{error}", IsthmusWarning, stacklevel=1)
            return
        with _random_state_kept():
            logged = barriers_logged(self.result, self.name)
        pl_module.log_dict(logged, rank_zero_only=True)  # type: ignore[operator]

    def _subject(self, pl_module: "nn.Module", epoch: int = 0) -> tuple["nn.Module", Any, Any]:
        """The model and the two networks: what is measured shares no tensor with what is trained."""
        from isthmus.weights.checkpoint import Checkpoint
        from isthmus.weights.state import copy_of

        try:
            network = pl_module.get_submodule(self.network)
        except AttributeError as error:
            known = ", ".join(name for name, _ in pl_module.named_children()) or "none"
            raise InputError(f"a part of the module: {known}", repr(self.network), "network", "name one") from error
        copied = copy_of(network)
        return copied, self.against, Checkpoint(copied.state_dict(), _folder(epoch))


def barriers_logged(result: "xr.Dataset", name: str = "isthmus") -> dict[str, float]:
    """The full network's barriers and the largest of single layers, each over hosts; NaN where one of them is.

    Args:
        result: A measurement of two networks.
        name: Stands before each.

    Returns:
        By name, such as "isthmus/loss_barrier".
    """
    from isthmus.results.rows import in_split, single_layers, split_names
    from isthmus.results.variables import OF
    from isthmus.sweeps.group import FULL_NETWORK

    found, layers = {}, list(single_layers(result))
    for split in split_names(result):
        part, before = in_split(result, split), f"{name}/{split}/" if split else f"{name}/"
        for barrier in (of.barrier.name for of in OF.values() if of.barrier.name in part):
            found[f"{before}{barrier}"] = float(part[barrier].sel(moving=FULL_NETWORK).max(skipna=False))
            if layers:
                largest = part[barrier].sel(moving=layers).max(skipna=False)
                found[f"{before}largest_layer_{barrier}"] = float(largest)
    return found


def _folder(epoch: int) -> str:
    return f"epoch-{epoch:03}"


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leave the random generators of Python, NumPy and torch, on all devices, as they were."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
