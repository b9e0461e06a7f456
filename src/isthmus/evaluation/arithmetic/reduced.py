"""Arithmetic below float32: switching it on, and what it does to the losses of these networks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.evaluation.arithmetic.made_when_used import MadeWhenUsed
from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.evaluation.losses.loss import example_losses
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import PROBE_SIZE, SelfCheck
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.trees import take_rows
from isthmus.weights.casting import stored_in
from isthmus.weights.made_when_read import layout_of
from isthmus.weights.state import StateDict, copy_of

REDUCED = {"bfloat16", "tf32"}
SCORED_AT_ONCE = 4
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
    full = _without_room(network, module, segment)
    stop = min(PROBE_SIZE, len(examples))
    everything = tuple(segment.layers)
    of_mean, of_example, passed = 0.0, 0.0, True
    for alpha in (0.0, 1.0, 0.5):
        point = segment.point("a", everything, alpha)
        give_back()  # the weights of the point before
        # One after the other, so that the blend is not there in two types.
        found = _losses(dtype, network, segment.weights(point, network.dtype), examples, stop)
        expected = _losses("", full, _made_when_used(segment, point), examples, stop)
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


def _without_room(network: Network, module: nn.Module, segment: Segment) -> Network:
    """The network in float32, its own parameters without room: all of them are given to every run."""
    first = layout_of(segment.first)
    without_room = {
        id(parameter): torch.zeros((), dtype=first[key].dtype, device=network.device).expand(parameter.shape)
        for key, parameter in module.named_parameters(remove_duplicate=False)
        if key in first
    }
    copied = copy_of(module, without_room)
    full = Network.from_model(copied, network.loss, network.device, torch.float32, network.output, is_own=True)
    return replace(full, written=network.written, fresh=network.fresh)


def _made_when_used(segment: Segment, point: Point) -> StateDict:
    """The weights at a point in float32, each made by the operators that read it."""
    stored, layout = stored_in(segment.first), layout_of(segment.first)
    return {
        key: MadeWhenUsed(
            stored[key], layout[key].dtype, partial(segment.entry, label, version, key, layout[key].dtype)
        )
        for label, version in zip(segment.layers, point.versions, strict=True)
        for key in segment.layers[label]
    }


def _losses(dtype: str, network: Network, weights: StateDict, examples: Examples, stop: int) -> Tensor:
    inputs, targets = examples.batch(0, stop, network.device, network.dtype)
    with float32_products(dtype, network.device), torch.no_grad():  # a loss of the user's may have weights of its own
        outputs = network.outputs(weights, inputs)
        # A few at a time: of a large vocabulary the losses of 32 windows take half of what a large network does.
        parts = (slice(start, start + SCORED_AT_ONCE) for start in range(0, stop, SCORED_AT_ONCE))
        found = [example_losses(network.loss, outputs[part], take_rows(targets, part)) for part in parts]
        # In double, so that the mean's own rounding is not taken for the reduction's.
        return torch.cat(found).double()
