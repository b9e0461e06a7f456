"""The trace of a layer's block of the Hessian, from random signs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.network import Network
from isthmus.questions.curvature.derivatives import directional_derivatives
from isthmus.weights.state import StateDict

FEWEST_EXAMPLES = 32  # below this a smaller share of the examples saves no time


@dataclass(frozen=True)
class TraceEstimate:
    """An estimated trace.

    Attributes:
        value: In the unit of the loss per squared weight; NaN without probes.
        error: Its standard error over the probes; NaN below two.
    """

    value: float
    error: float


def hessian_traces(
    network: Network,
    weights: StateDict,
    layers: Mapping[str, Sequence[str]],
    examples: Examples,
    batch_size: BatchSize,
    num_probes: int,
    seed: int,
) -> dict[str, TraceEstimate]:
    """Hutchinson's estimate of tr(H_ii) for every layer i, H_ii the layer's block of the Hessian of the mean loss.

    The mean of v^T H_ii v over vectors v of random signs. Each layer has vectors of its own: one vector for the whole
    network would serve all layers at once, but bring their cross terms H_ij in as noise, which drowns small blocks.
    Instead the probes share out the examples: with C equal shares, probe p sees share p mod C, so the cost is that of
    num_probes / C probes on all examples, and the mean over the probes still has the trace over all examples as its
    expectation. C is the largest divisor of the number of probes that leaves 32 examples or more in a share. The
    standard error counts the spread between shares too, so it errs on the large side. (Hutchinson 1990.)

    Args:
        network: The model, loss and arithmetic.
        weights: Where the Hessian is taken.
        layers: Label -> keys of its parameters, a tied one once.
        examples: On the network's device.
        batch_size: Examples at once.
        num_probes: Vectors for each layer.
        seed: Of the signs; they depend on it, on the layer's label and on the number of the probe alone.

    Returns:
        Label -> estimate. A layer without parameters has trace 0.
    """
    n, num_shares = len(examples), _num_shares(len(examples), num_probes)
    shares = list(pairwise(n * number // num_shares for number in range(num_shares + 1)))
    found = np.empty((num_probes, len(layers)))
    for probe in range(num_probes):
        start, stop = shares[probe % num_shares]
        signs = [_signs(weights, layers[label], f"{seed}:{label}:{probe}") for label in layers]
        derivatives = directional_derivatives(network, weights, signs, examples.take(slice(start, stop)), batch_size)
        # Shares differ by one example at most; weighted so, their mean is that over all examples.
        found[probe] = [(stop - start) * num_shares / n * d.curvature for d in derivatives]
    if not num_probes:
        return {label: TraceEstimate(np.nan, np.nan) for label in layers}
    errors = found.std(axis=0, ddof=1) / num_probes**0.5 if num_probes > 1 else np.full(len(layers), np.nan)
    return {
        label: TraceEstimate(float(value), float(error))
        for label, value, error in zip(layers, found.mean(axis=0), errors, strict=True)
    }


def _num_shares(num_examples: int, num_probes: int) -> int:
    """The largest divisor of the number of probes that leaves enough examples in a share."""
    most = max(1, num_examples // FEWEST_EXAMPLES)
    # A divisor of the probes, so that every share is used equally often.
    return max((c for c in range(1, num_probes + 1) if num_probes % c == 0 and c <= most), default=1)


def _signs(weights: StateDict, keys: Sequence[str], stream: str) -> dict[str, Tensor]:
    digest = hashlib.sha256(f"probe:{stream}".encode()).digest()
    random = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    return {key: 2.0 * torch.randint(0, 2, weights[key].shape, generator=random) - 1.0 for key in keys}
