"""Is the second derivative that of the function? An operator may drop its part of it without a word."""

from dataclasses import replace

import torch
from torch import nn

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.losses.loss import example_losses
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import SelfCheck
from isthmus.questions.curvature.derivatives import UndifferentiableError, WeightVector, directional_derivatives
from isthmus.weights.casting import cast_weights
from isthmus.weights.state import StateDict

STEPS = (1e-3, 1e-5, 1e-7, 1e-9)  # long for smooth networks that round inside, short to stay between the kinks of ReLUs
NUM_EXAMPLES = 8  # a wrong derivative shows on any of them
TOLERANCE = 0.05  # kinks of ReLUs leave small differences, a dropped term a large one


def curvature_check(
    network: Network, module: nn.Module, weights: StateDict, direction: WeightVector, examples: Examples
) -> SelfCheck:
    """Compare the curvature along a direction with the difference of slopes to either side, in float64.

    (g(w + h d) - g(w - h d))·d / 2h for several h; the one that comes nearest counts. A `torch.autograd.Function` whose
    backward pass is not differentiable itself gives a curvature without its own contribution, and no error.

    Args:
        network: The model as it is measured; it decides the device and the loss.
        module: The model that it was copied from.
        weights: Where; every key of the module.
        direction: The parameters that move, and by how much.
        examples: The first eight are used.

    Returns:
        What was found.

    Raises:
        UndifferentiableError: The two differ by more than 5 %, or the loss does not change with the weights in a
            differentiable way.
    """
    exact = Network.from_model(module, network.loss, network.device, torch.float64, network.output)
    exact = replace(exact, written=network.written, fresh=network.fresh)
    few, size = examples.take(slice(0, min(NUM_EXAMPLES, len(examples)))), BatchSize(NUM_EXAMPLES)
    here, step = cast_weights(weights, torch.float64), cast_weights(direction, torch.float64)
    _refuse_constant(exact, here, step, few)
    (found,) = directional_derivatives(exact, here, [step], few, size)
    detail, nearest = f"{found.curvature:.6g} along the whole difference", float("inf")
    for h in STEPS:
        up, down = (
            directional_derivatives(exact, here | {k: here[k] + t * d for k, d in step.items()}, [step], few, size)[0]
            for t in (h, -h)
        )
        expected = (up.slope - down.slope) / (2 * h)
        scale = max(abs(expected), abs(found.curvature), 1e-6 * abs(found.slope))
        # NaN where weights are: they are measured as they are, and the check fails without a refusal.
        difference = abs(expected - found.curvature) / scale if scale else 0.0
        if difference < nearest:
            nearest, detail = difference, f"{found.curvature:.6g}, and {expected:.6g} from slopes at ± {h:g}"
    if TOLERANCE < nearest < float("inf"):
        raise UndifferentiableError(exact, f"a second derivative that differs from the function's: {detail}")
    return SelfCheck("second derivatives are those of finite differences", nearest <= TOLERANCE, detail)


def _refuse_constant(network: Network, weights: StateDict, direction: WeightVector, examples: Examples) -> None:
    inputs, targets = examples.batch(0, len(examples), network.device, network.dtype)
    entries = {**weights, **{key: weights[key].clone().requires_grad_() for key in direction}}
    with torch.enable_grad():
        outputs = network.output(network.returned(entries, inputs))
        losses = example_losses(network.loss, outputs, targets)
    if direction and not losses.requires_grad:
        raise UndifferentiableError(network, "a loss that does not change with the weights in a differentiable way")
