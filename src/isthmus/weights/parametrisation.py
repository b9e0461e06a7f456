"""Weights that are computed from parts: which parts form one weight, and the vectors of spectral normalisation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.spectral_norm import SpectralNorm as SpectralNormHook
from torch.nn.utils.weight_norm import WeightNorm as WeightNormHook

from isthmus.weights.state import StateDict, tensors_of, widen

HOOK_PARTS: Mapping[type, tuple[str, ...]] = {
    WeightNormHook: ("_g", "_v"),
    SpectralNormHook: ("_orig", "_u", "_v"),
}
"""What `torch.nn.utils.weight_norm` and `spectral_norm` put behind a weight's name."""


def effective_weights(model: nn.Module) -> dict[str, str]:
    """The weights that parts of a parametrisation make together.

    Both ways of torch count: `torch.nn.utils.parametrizations` (and any parametrisation of one's own, with the buffers
    and parameters that it holds), and the hooks `torch.nn.utils.weight_norm` and `spectral_norm`.

    Args:
        model: The network; it is not run.

    Returns:
        Key of a part -> path of the weight that the forward pass uses, such as
        "fc.parametrizations.weight.original" -> "fc.weight". Keys that are no parts are not in it.

    Example:
        >>> effective_weights(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
        {'parametrizations.weight.original0': 'weight', 'parametrizations.weight.original1': 'weight'}
    """
    parts: dict[str, str] = {}
    keys = tensors_of(model)
    for path, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, ParametrizationList):
            outer, _, name = path.rpartition("parametrizations.")
            below = [key for key in keys if key.startswith(f"{path}.")]
            parts = dict.fromkeys(below, f"{outer}{name}") | parts  # a parametrisation inside one is a part of its part
        for hook in module._forward_pre_hooks.values():
            for end in HOOK_PARTS.get(type(hook), ()):
                weight = f"{path}.{hook.name}" if path else hook.name
                if f"{weight}{end}" in keys:
                    parts[f"{weight}{end}"] = weight
    return parts


@dataclass(frozen=True, eq=False)
class SpectralNorm:
    """One spectral normalisation: the forward pass uses W / (u^T M v), M being W as a matrix.

    u and v are buffers that training moves towards the leading singular vectors of M, so that u^T M v is its largest
    singular value. Those of one network say nothing of another's M, and their means are no vectors of the blend.

    Attributes:
        u: Key of the left vector.
        v: Key of the right one.
        parts: Keys that M is computed from.
        matrix: M from a state dict that holds them.
    """

    u: str
    v: str
    parts: tuple[str, ...]
    matrix: Callable[[StateDict], Tensor]

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that belong together: parts, u and v."""
        return (*self.parts, self.u, self.v)

    def vectors(self, weights: StateDict) -> dict[str, Tensor]:
        """The leading singular vectors of M, where many power iterations would end.

        Args:
            weights: At least `keys`; u and v for their dtype alone.

        Returns:
            New tensors for u and v; NaN where M is not finite.
        """
        u, v = leading_vectors(self.matrix(weights))
        return {self.u: u.to(weights[self.u].dtype), self.v: v.to(weights[self.v].dtype)}

    def shortfall(self, weights: StateDict) -> float:
        """How far the stored vectors are from those of the weights: 1 - |u^T M v| / |M|, in float64.

        Args:
            weights: At least `keys`.

        Returns:
            0 where they are the leading ones, below 1; NaN where M is zero or not finite.
        """
        matrix = widen(self.matrix(weights))
        u, v = leading_vectors(matrix)
        stored = torch.dot(widen(weights[self.u]), matrix @ widen(weights[self.v]))
        return float(1 - stored.abs() / torch.dot(u, matrix @ v))


def leading_vectors(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The left and right singular vector of the largest singular value, from the smaller Gram matrix in float64.

    Its largest eigenvalue keeps nearly all digits; small ones, which lose theirs, are not needed.

    Args:
        matrix: Two dimensions.

    Returns:
        Unit vectors in float64; NaN for a matrix with numbers that are not finite. Their sign is open, and u^T M v > 0.

    Example:
        >>> [vector.abs().tolist() for vector in leading_vectors(torch.tensor([[0.0, 3.0], [1.0, 0.0]]))]
        [[1.0, 0.0], [0.0, 1.0]]
    """
    wide = widen(matrix)
    # eigh would fail, and a broken network is measured as it is.
    if not bool(wide.isfinite().all()):
        return wide.new_full(wide.shape[:1], torch.nan), wide.new_full(wide.shape[1:], torch.nan)
    # The smaller Gram matrix has the same leading singular value and costs least.
    if wide.shape[0] <= wide.shape[1]:
        # Eigenvalues ascend, so the last vector leads.
        u = torch.linalg.eigh(wide @ wide.mT).eigenvectors[:, -1]
        return u, functional.normalize(wide.mT @ u, dim=0)
    v = torch.linalg.eigh(wide.mT @ wide).eigenvectors[:, -1]
    return functional.normalize(wide @ v, dim=0), v


def spectral_norms(model: nn.Module) -> list[SpectralNorm]:
    """The spectral normalisations of a network, of both kinds that torch has, inner ones first.

    Args:
        model: In evaluation mode; parametrisations that stand before a normalisation in one list are run by it.

    Returns:
        One for each weight that is normalised; a vector's own norm, which needs no power iteration, is none.
    """
    found: list[SpectralNorm] = []
    keys = tensors_of(model)
    for path, module in model.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        if isinstance(module, ParametrizationList):
            for number, part in enumerate(module):
                if isinstance(part, _SpectralNorm) and f"{prefix}{number}._u" in keys:
                    found.append(_of_list(prefix, module, number, part.dim, tuple(keys)))
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNormHook) and f"{prefix}{hook.name}_u" in keys:
                weight = f"{prefix}{hook.name}_orig"
                found.append(_of_hook(f"{prefix}{hook.name}", weight, hook.dim))
    return found


def _of_hook(name: str, weight: str, dim: int) -> SpectralNorm:
    return SpectralNorm(f"{name}_u", f"{name}_v", (weight,), lambda weights: _as_matrix(weights[weight], dim))


def _of_list(prefix: str, steps: ParametrizationList, number: int, dim: int, keys: tuple[str, ...]) -> SpectralNorm:
    originals = ("original",) if steps.is_tensor else tuple(f"original{k}" for k in range(steps.ntensors))
    starts = tuple(f"{prefix}{k}." for k in range(number))
    parts = (*(f"{prefix}{name}" for name in originals), *(key for key in keys if key.startswith(starts)))

    def matrix(weights: StateDict) -> Tensor:
        values = tuple(weights[f"{prefix}{name}"] for name in originals)
        with torch.no_grad():
            # Not strict: `starts` ends where the normalisation itself stands.
            for step, start in zip(steps, starts, strict=False):
                own = {key.removeprefix(start): weights[key] for key in parts if key.startswith(start)}
                values = (functional_call(step, own, values),)
        return _as_matrix(values[0], dim)

    return SpectralNorm(f"{prefix}{number}._u", f"{prefix}{number}._v", parts, matrix)


def _as_matrix(weight: Tensor, dim: int) -> Tensor:
    return weight.movedim(dim, 0).flatten(1)
