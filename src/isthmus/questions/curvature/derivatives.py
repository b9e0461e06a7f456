"""First and second derivatives of the mean loss along directions of weight space, by differentiating twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.batches import OUT_OF_MEMORY, BatchSize, batch_bounds
from isthmus.evaluation.losses.loss import example_losses
from isthmus.evaluation.network import Network
from isthmus.weights.casting import cast_weights
from isthmus.weights.state import StateDict, tied_keys

WeightVector = Mapping[str, Tensor]


class UndifferentiableError(InputError):
    """A network or a loss without second derivatives."""

    def __init__(self, network: Network, got: str) -> None:
        super().__init__(
            "a network and a loss whose operators can be differentiated twice",
            got,
            type(network.module).__name__,
            "measure its barriers, which needs no derivatives, or replace that operator",
        )


@dataclass(frozen=True)
class Derivatives:
    """What the mean loss does along a direction d from the weights w.

    Attributes:
        slope: g(w)·d, in the unit of the loss.
        curvature: d^T H(w) d, in the unit of the loss.
    """

    slope: float
    curvature: float

    @property
    def midpoint_rise(self) -> float:
        """The rise of the loss at w + d/2 over that at w, to second order: (1/2) g·d + (1/8) d^T H d.

        Example:
            >>> Derivatives(slope=-2.0, curvature=4.0).midpoint_rise
            -0.5
        """
        return self.slope / 2 + self.curvature / 8

    @property
    def midpoint_cut_excess(self) -> float:
        """The excess at w + d/2 over the straight line from w to w + d, to second order: -(1/8) d^T H d.

        Example:
            >>> Derivatives(slope=-2.0, curvature=4.0).midpoint_cut_excess
            -0.5
        """
        return -self.curvature / 8


def directional_derivatives(
    network: Network,
    weights: StateDict,
    directions: Sequence[WeightVector],
    examples: Examples,
    batch_size: BatchSize,
) -> list[Derivatives]:
    """Slope and curvature of the mean loss along several directions.

    The forward pass and its gradient are computed once a batch for all directions; each direction then costs a second
    backward pass, restricted to the parameters that it moves. Sums over batches are kept in float64 and divided once.
    Keys that the module ties stand for one parameter, which counts once.

    Args:
        network: The model, loss and arithmetic.
        weights: Where the derivatives are taken; every key of the module.
        directions: For each, the parameters that it moves and by how much, d; of tied keys the first counts.
        examples: On the network's device.
        batch_size: Examples at once; halved where memory runs out.

    Returns:
        One pair a direction. A parameter that the loss does not depend on contributes nothing.

    Raises:
        UndifferentiableError: An operator of the network, or the loss, cannot be differentiated twice.
    """
    # Tied keys are one tensor, whose derivative is the sum over its places; so one leaf stands for all of them.
    first_key = {key: keys[0] for keys in tied_keys(network.module) for key in keys}
    entries = cast_weights(weights, network.dtype)
    if network.device.type == "cpu":
        # Channels last, the second derivative of a convolution writes beyond its memory in torch 2.13's oneDNN on
        # processors with AVX2 alone (docs/decisions.md, Questions).
        entries = {key: tensor.contiguous() for key, tensor in entries.items()}
    moved = {first_key.get(key, key) for direction in directions for key in direction}
    # In the memory format of the entry, which decides the kernels of all that follows.
    leaves = {key: entries[key].detach().clone(memory_format=torch.preserve_format) for key in sorted(moved)}
    arrows = [_on_leaves(direction, first_key, leaves) for direction in directions]
    own = entries | {key: leaves[first_key.get(key, key)] for key in entries if first_key.get(key, key) in leaves}

    def sums(size: int) -> Tensor:
        total = torch.zeros((len(directions), 2), dtype=torch.float64)
        for start, stop in batch_bounds(len(examples), size):
            inputs, targets = examples.batch(start, stop, network.device, network.dtype)
            total += torch.tensor(list(_batch_sums(network, own, leaves, arrows, inputs, targets)), dtype=torch.float64)
        return total

    for leaf in leaves.values():
        leaf.requires_grad_()
    means = (batch_size.attempt(sums) / len(examples)).tolist() if leaves else [[0.0, 0.0]] * len(directions)
    return [Derivatives(slope, curvature) for slope, curvature in means]


def _on_leaves(
    direction: WeightVector, first_key: Mapping[str, str], leaves: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    arrow: dict[str, Tensor] = {}
    for key, step in direction.items():
        arrow.setdefault(first_key.get(key, key), step.to(leaves[first_key.get(key, key)]))
    return arrow


def _batch_sums(
    network: Network,
    entries: StateDict,
    leaves: Mapping[str, Tensor],
    arrows: Sequence[WeightVector],
    inputs: Tensor,
    targets: Tensor,
) -> Iterator[tuple[float, float]]:
    """(g·d, d^T H d) of the summed loss of a batch, for each direction."""
    try:
        # The fused attention kernels have no second derivative; the plain one computes the same function.
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            returned = network.returned(entries, inputs)
            outputs = network.output(returned)
            loss = example_losses(network.loss, outputs, targets).sum()
            grads = dict(zip(leaves, _gradient(loss, list(leaves.values()), create_graph=True), strict=True))
            for arrow in arrows:
                slope = sum((_inner(grads[key], step) for key, step in arrow.items()), torch.zeros(()))
                # The gradient of the slope is H d: d^T H d without the Hessian.
                turned = _gradient(slope, [leaves[key] for key in arrow], create_graph=False)
                curvature = sum(float(_inner(h, d)) for h, d in zip(turned, arrow.values(), strict=True))
                yield float(slope.detach()), curvature
    except (RuntimeError, NotImplementedError) as error:
        if any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        raise UndifferentiableError(network, str(error).splitlines()[0]) from error


def _gradient(value: Tensor, leaves: Sequence[Tensor], *, create_graph: bool) -> list[Tensor]:
    if not value.requires_grad or not leaves:
        return [torch.zeros_like(leaf) for leaf in leaves]
    # The graph stays for the next direction; a weight without effect has no gradient, which is zero.
    found = torch.autograd.grad(value, leaves, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(leaf) if grad is None else grad for grad, leaf in zip(found, leaves, strict=True)]


def _inner(x: Tensor, y: Tensor) -> Tensor:
    # Slopes are sums of millions of terms of both signs.
    return (x.double() * y.double()).sum()
