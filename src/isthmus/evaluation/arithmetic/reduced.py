"""Arithmetic below float32: switching it on, and what it does to the losses of these networks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import PROBE_SIZE, SelfCheck
from isthmus.paths.linear import Segment
from isthmus.weights.state import cast_weights, lend_weights

REDUCED = {"bfloat16", "tf32"}
MEAN_TOLERANCE = 0.01  # of the mean loss in float32, or in the unit of the loss where that is below 1


@contextmanager
def float32_products(dtype: str, device: torch.device) -> Iterator[None]:
    """Multiply float32 matrices and convolutions in full, or in TF32 where that is asked for.

    On an accelerator PyTorch convolves in TF32 unless told otherwise; here `float32` means float32. Its settings are
    put back afterwards. A processor has no TF32, and nothing is changed there.

    Args:
        dtype: "tf32", or any other name for full products.
        device: Where products run.

    Yields:
        Nothing.
    """
    if device.type == "cpu":
        yield
        return
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
        torch.backends.cudnn.allow_tf32 = dtype == "tf32"
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def reduction_checks(
    dtype: str, network: Network, module: nn.Module, segment: Segment, examples: Examples
) -> list[SelfCheck]:
    """What reduced precision does to the losses of a, b and the blend half-way between them, on the first examples.

    Args:
        dtype: As it was asked for.
        network: In reduced precision.
        module: The model that it was copied from.
        segment: The two networks, on the network's device.
        examples: The data; its first examples are run.

    Returns:
        One check for "bfloat16" and "tf32", passed if each mean loss is within 0.01 of that in float32, or within 1 %
        of it where it is above 1; none for other types.
    """
    what = f"{dtype} gives the losses of float32"
    if dtype not in REDUCED:
        return []
    if dtype == "tf32" and network.device.type == "cpu":
        return [SelfCheck(what, passed=True, detail="a processor has no TF32: everything is computed in float32")]
    full = Network.from_model(module, network.loss, network.device, torch.float32, network.output)
    lend_weights(full.module, cast_weights(segment.first, torch.float32), copied=network.written)
    full = replace(full, written=network.written, fresh=network.fresh)
    stop = min(PROBE_SIZE, len(examples))
    everything = tuple(segment.layers)
    of_mean, of_example, passed = 0.0, 0.0, True
    for alpha in (0.0, 1.0, 0.5):
        point = segment.point("a", everything, alpha)
        # One after the other, so that the blend is not there in two types.
        found = _losses(dtype, network, segment.weights(point, network.dtype), examples, stop)
        expected = _losses("", full, segment.weights(point), examples, stop)
        difference = float((found.mean() - expected.mean()).abs())
        # Losses that are infinite in float32 too are none of the reduction's doing.
        both_fail = not bool(found.mean().isfinite()) and not bool(expected.mean().isfinite())
        passed &= both_fail or difference <= MEAN_TOLERANCE * max(1.0, float(expected.mean().abs()))
        finite = found.isfinite() & expected.isfinite()
        if finite.any():
            of_example = max(of_example, float((found - expected)[finite].abs().max()))
        of_mean = max(of_mean, 0.0 if both_fail else difference)
    detail = (
        f"a, b and their midpoint on {stop} examples: largest difference of a mean loss {of_mean:.2g}, "
        f"of an example's loss {of_example:.2g}"
    )
    return [SelfCheck(what, passed, detail)]


def _losses(dtype: str, network: Network, weights: dict[str, Tensor], examples: Examples, stop: int) -> Tensor:
    inputs, targets = examples.batch(0, stop, network.device, network.dtype)
    with float32_products(dtype, network.device):
        # In double, so that the mean's own rounding is not taken for the reduction's.
        return network.result(weights, inputs, targets).loss.double()
