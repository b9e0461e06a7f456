"""What happens to BatchNorm's running statistics when weights are blended."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.network import Network
from isthmus.weights.casting import cast_weights

NormBase = nn.modules.batchnorm._NormBase


def normalization_modules(model: nn.Module) -> dict[str, NormBase]:
    """The modules that keep running statistics, by path: found by type, never by name."""
    return {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, NormBase) and module.track_running_stats and module.running_mean is not None
    }


@contextmanager
def batch_statistics(modules: Collection[nn.Module]) -> Iterator[None]:
    """Normalisation layers use the statistics of the batch, and write them into their buffers, while the block runs.

    Args:
        modules: From `normalization_modules`, in evaluation mode; all others stay in it, dropout among them.

    Yields:
        Nothing.
    """
    try:
        for module in modules:
            module.train()
        yield
    finally:
        for module in modules:
            module.eval()


@dataclass(frozen=True)
class Recalibration:
    """BatchNorm policy `recalibrate`: the statistics are measured anew, after the weights are set.

    Every statistic becomes the mean over the recalibration examples of the statistics of their batches, each batch
    weighted by its size: after batches of n_1, ..., n_k examples the running value is
    (n_1 s_1 + ... + n_k s_k) / (n_1 + ... + n_k). Examples are cut into batches of nearly equal size, so no odd last
    batch weighs in. Only normalisation layers see batch statistics; dropout stays off. (Cumulative averaging as in
    REPAIR, Jordan et al., 2023; PyTorch's `momentum=None` would weigh batches equally whatever their size.)

    Attributes:
        network: The model; its own buffers are used as scratch.
        examples: What the statistics are measured on, on the network's device.
        batch_size: At most so many examples at once.
    """

    network: Network
    examples: Examples
    batch_size: int

    def __call__(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights with running statistics measured on the recalibration examples.

        Args:
            weights: A complete state dict; not changed.

        Returns:
            A state dict that shares all other entries.
        """
        modules = normalization_modules(self.network.module)
        fresh = dict(cast_weights(weights, self.network.dtype))
        for path in modules:
            prefix = f"{path}." if path else ""
            # New tensors: forward writes into them, and the given ones belong to other points as well.
            fresh[f"{prefix}running_mean"] = torch.zeros_like(fresh[f"{prefix}running_mean"])
            fresh[f"{prefix}running_var"] = torch.zeros_like(fresh[f"{prefix}running_var"])
            fresh[f"{prefix}num_batches_tracked"] = fresh[f"{prefix}num_batches_tracked"].clone()
        momenta = {path: module.momentum for path, module in modules.items()}
        try:
            with batch_statistics(modules.values()):
                seen = 0
                for start, stop in self._bounds():
                    seen += stop - start
                    for module in modules.values():
                        module.momentum = (stop - start) / seen
                    inputs, _ = self.examples.batch(start, stop, self.network.device, self.network.dtype)
                    with torch.no_grad():
                        self.network.returned(fresh, inputs)
        finally:
            for path, module in modules.items():
                module.momentum = momenta[path]
        statistics = {
            f"{path}.{name}" if path else name for path in modules for name in ("running_mean", "running_var")
        }
        return {key: fresh[key] if key in statistics else tensor for key, tensor in weights.items()}

    def _bounds(self) -> list[tuple[int, int]]:
        n = len(self.examples)
        num_batches = -(-n // self.batch_size)
        # Nearly equal batches: a last one of few examples would have a noisy variance.
        edges = [n * number // num_batches for number in range(num_batches + 1)]
        return list(pairwise(edges))


def refuse_shared_examples(recalibration: Examples, measured: Examples) -> None:
    """Refuse to measure on examples whose statistics the networks were just fitted to.

    Args:
        recalibration: What the statistics are measured on.
        measured: What the losses are measured on.

    Raises:
        InputError: At least one input stands in both.
    """
    shared = len(measured.numbers_shared_with(recalibration))
    if shared:
        raise InputError(
            "recalibration data without any measured example",
            f"{shared} of the {len(measured)} examples of {measured.name} also in {recalibration.name}",
            "--recalibrate-on",
            "recalibrate on a training split and measure on a test split, or allow_shared_examples",
        )
