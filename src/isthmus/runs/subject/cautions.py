"""What in a pair of networks would make the numbers wrong or misleading."""

import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from isthmus.errors import InputError, IsthmusWarning, short_list
from isthmus.evaluation.arithmetic.device import DTYPES
from isthmus.evaluation.normalization import normalization_modules
from isthmus.evaluation.probe import SelfCheck
from isthmus.runs.request.inputs import NamedWeights
from isthmus.runs.request.settings import Settings
from isthmus.weights.parametrisation import SpectralNorm, effective_weights
from isthmus.weights.state import Kind, StateDict, is_blendable, parts, same_bits, widen

SHORTFALL = 0.01  # of a spectral norm; training that has come to rest stays well below


def refuse_integer_parameters(model: nn.Module, a: NamedWeights, b: NamedWeights) -> None:
    """Refuse parameters of integers that differ: no mean of them is a network, and the host's are not the donor's.

    Args:
        model: The user's model.
        a: One network under the model's keys.
        b: The other.

    Raises:
        InputError: A parameter that is not of floating-point numbers differs between the networks.
    """
    differing = {
        key: str(tensor.dtype).removeprefix("torch.")
        for key, tensor in model.named_parameters(remove_duplicate=False)
        if key in a.weights and not is_blendable(tensor) and not same_bits(a.weights[key], b.weights[key])
    }
    if differing:
        raise InputError(
            "parameters that can be averaged: floating-point numbers",
            f"{short_list(sorted(set(differing.values())))} under {short_list(differing)}, other ones in a than in b",
            f"networks {a.name} and {b.name}",
            "give the networks as they were before quantisation, or dequantised; integers equal in both may stay",
        )


def held_type_check(model: nn.Module, dtype: str) -> list[SelfCheck]:
    """Say that a model which is held in another precision is computed in the one asked for.

    Args:
        model: The user's model.
        dtype: As it was asked for.

    Returns:
        One statement, or none where the model is held in that precision.
    """
    held = {p.dtype for p in model.parameters() if p.is_floating_point()} - {DTYPES[dtype]}
    if not held:
        return []
    names = short_list(sorted(str(t).removeprefix("torch.") for t in held))
    what = f"a copy of the model computes in {dtype}, and weights keep the precision of their files"
    return [SelfCheck(what, passed=True, detail=f"the model is held in {names}")]


def spectral_checks(norms: Sequence[SpectralNorm], a: StateDict, b: StateDict) -> list[SelfCheck]:
    """Compare the stored vectors of spectral normalisation with the weights that they belong to.

    The two networks are measured with the vectors as they are stored, and the blends between them with those that
    belong to the blended weights. Where training left the stored ones behind, the norm jumps at both ends.

    Args:
        norms: From `isthmus.weights.parametrisation.spectral_norms`.
        a: Weights of network a.
        b: Weights of network b.

    Returns:
        One check, passed if no stored norm is short by more than 1 %; none without such normalisation.
    """
    if not norms:
        return []
    short = {norm.u: max(norm.shortfall(weights) for weights in (a, b)) for norm in norms}
    worst = max(short, key=lambda key: short[key])
    detail = f"largest shortfall of a norm {short[worst]:.2g} of it, in {worst.rpartition('.')[0]}"
    what = "the vectors that spectral normalisation stores are those of the weights"
    return [SelfCheck(what, passed=short[worst] <= SHORTFALL, detail=detail)]


def give_cautions(
    model: nn.Module,
    a: NamedWeights,
    b: NamedWeights,
    kinds: Mapping[str, Kind],
    settings: Settings,
    checks: Sequence[SelfCheck],
    remarks: Sequence[str],
) -> list[str]:
    """What may be other than it seems, each said as a warning too.

    Args:
        model: The user's model.
        a: One network under the model's keys.
        b: The other.
        kinds: The kind of each key.
        settings: What was asked.
        checks: From `spectral_checks`.
        remarks: What was seen of the data, to be said first.

    Returns:
        Sentences for the record.
    """
    found = list(dict.fromkeys(remarks))
    if a.hash == b.hash:
        found.append("a and b hold the same weights: every barrier is zero by construction")
    for name, weights, other in (("a", a, b), ("b", b, a)):
        broken = [key for key in weights.weights if _is_broken(key, weights.weights, other.weights, kinds)]
        if broken:
            found.append(
                f"network {name} holds NaN or infinite weights in {short_list(broken)}; they are measured as they are"
            )
    if settings.batch_norm == "recalibrate" and not normalization_modules(model):
        found.append("the model has no running statistics, so batch_norm='recalibrate' changes nothing")
    if made := sorted(set(effective_weights(model).values())):
        found.append(f"the parts of parametrised weights are blended, not the weights made of them: {short_list(made)}")
    if checks:
        found.append(
            "the vectors of spectral normalisation are computed anew from every blend of the weights; the two networks "
            "themselves keep those that they store"
        )
    found += [
        f"{check.detail}: blends use the exact norm, so curves jump there at both ends; run the networks in training "
        "mode until the vectors rest, and save them again"
        for check in checks
        if not check.passed
    ]
    for text in found:
        warnings.warn(text, IsthmusWarning, stacklevel=4)
    return found


def _is_broken(key: str, own: StateDict, other: StateDict, kinds: Mapping[str, Kind]) -> bool:
    """Whether an entry holds NaN or infinities; those of a buffer are meant, as in a mask, where both have the same."""
    if not is_blendable(own[key]):
        return False
    meant = kinds[key] is Kind.FLOAT_BUFFER
    for one, two in zip(parts(own[key]), parts(other[key]), strict=True):
        tensor, partner = widen(one), widen(two)
        if not bool((tensor.isfinite() | (tensor == partner if meant else torch.zeros((), dtype=torch.bool))).all()):
            return True
    return False
