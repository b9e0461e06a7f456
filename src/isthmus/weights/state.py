"""State dicts: the kinds of their entries, whether two fit together, and their identity."""

import copy
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from isthmus.errors import short_list

StateDict = Mapping[str, Tensor]

LARGE = 2**22  # numbers of a tensor above which it is worked on a part at a time


class Kind(StrEnum):
    """What an entry of a state dict is, and so how a blend treats it."""

    PARAMETER = "parameter"  # blended, whether or not it requires a gradient
    FLOAT_BUFFER = "float buffer"  # blended like a parameter
    STATISTICS = "running statistics"  # blended or kept, as the BatchNorm policy says
    INTEGER_BUFFER = "integer buffer"  # never blended: taken from the host; also a parameter of integers
    COUNTER = "step counter"  # BatchNorm's num_batches_tracked: an integer buffer without effect on the output


def entry_kinds(model: nn.Module) -> dict[str, Kind]:
    """The kind of every entry of the model's state dict, found by module type and dtype, never by a name's substring.

    Args:
        model: The network; it is not run.

    Returns:
        One `Kind` for each key, in the order of the state dict.
    """
    parameters = {key for key, _ in model.named_parameters(remove_duplicate=False)}
    statistics, counters = set(), set()
    for path, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, nn.modules.batchnorm._NormBase):
            prefix = f"{path}." if path else ""
            statistics |= {f"{prefix}running_mean", f"{prefix}running_var"}
            counters.add(f"{prefix}num_batches_tracked")

    def kind(key: str, tensor: Tensor) -> Kind:
        if key in parameters and is_blendable(tensor):
            return Kind.PARAMETER
        if key in statistics:
            return Kind.STATISTICS
        if key in counters:
            return Kind.COUNTER
        return Kind.FLOAT_BUFFER if is_blendable(tensor) else Kind.INTEGER_BUFFER

    return {key: kind(key, tensor) for key, tensor in tensors_of(model).items()}


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of the model's state dict, detached and by reference (extra state that is no tensor is left out)."""
    return {key: value for key, value in model.state_dict().items() if isinstance(value, Tensor)}


def tied_keys(model: nn.Module) -> list[tuple[str, ...]]:
    """The groups of two or more keys that stand for one and the same tensor, such as tied embeddings."""
    groups: dict[int, list[str]] = {}
    for named in (model.named_parameters(remove_duplicate=False), model.named_buffers(remove_duplicate=False)):
        for key, tensor in named:
            groups.setdefault(id(tensor), []).append(key)
    saved = set(tensors_of(model))
    kept = (tuple(key for key in keys if key in saved) for keys in groups.values())
    return [keys for keys in kept if len(keys) > 1]


def copy_of(model: nn.Module, instead: Mapping[int, Tensor] | None = None) -> nn.Module:
    """A deep copy of a model, also of one on which a hook such as `weight_norm` left a weight that it computed.

    Args:
        model: The network.
        instead: What stands in the copy for some of its parameters, by their `id`: in another type, say.

    Returns:
        A network that shares no other tensor with it.

    Raises:
        Exception: Whatever `copy.deepcopy` raises on a part that cannot be copied.
    """
    made = [t for part in model.modules() for t in vars(part).values() if isinstance(t, Tensor) and not t.is_leaf]
    # deepcopy refuses tensors that were computed, so it is given copies of them.
    known: dict[int, Tensor] = {id(tensor): tensor.detach().clone() for tensor in made}
    known |= {number: nn.Parameter(tensor, requires_grad=False) for number, tensor in (instead or {}).items()}
    return copy.deepcopy(model, known)


def lend_weights(module: nn.Module, weights: StateDict, copied: Collection[str] = ()) -> None:
    """Give a module's entries the values of weights; parameters lie in the very memory of these, and take none.

    Ties stay, and so do the parameters themselves.

    Args:
        module: A network that nobody else holds.
        weights: Under its keys. A tensor of another type or device, or one that shares its memory with others (for
            which an exporter would take the parameters for views of one another), is copied.
        copied: Keys of tensors that the module may write to.
    """
    named = list(module.named_parameters(remove_duplicate=False))
    apart = {id(parameter) for key, parameter in named if key in copied}  # under whichever of its keys it is tied
    for key, parameter in named:
        if key in weights:
            given = weights[key].detach()
            is_alone = given.untyped_storage().nbytes() == given.nbytes
            fits = (given.dtype, given.device) == (parameter.dtype, parameter.device)
            is_lent = is_alone and fits and id(parameter) not in apart
            parameter.data = given if is_lent else given.to(parameter.device, parameter.dtype, copy=True)
    with torch.no_grad():
        for key, buffer in module.named_buffers(remove_duplicate=False):
            if key in weights:
                buffer.copy_(weights[key])


def is_blendable(tensor: Tensor) -> bool:
    """Whether a weighted mean of such tensors makes sense: floating point or complex."""
    return tensor.is_floating_point() or tensor.is_complex()


def widen(tensor: Tensor) -> Tensor:
    """The tensor in float64, or complex128: also from 8-bit floats, for which torch knows no arithmetic."""
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def content_hash(weights: StateDict) -> str:
    """SHA-256 over the sorted keys with their dtypes, shapes and bytes: the identity of a point of weight space.

    Args:
        weights: Tensors on any device; the order of the keys does not matter.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for key in sorted(weights):
        _add_entry(digest, key, weights[key])
    return digest.hexdigest()


def _add_entry(digest: "hashlib._Hash", key: str, entry: Tensor) -> None:
    # A function of its own, so that nothing holds the entry when the next one is made.
    tensor = entry.detach().cpu().contiguous()
    digest.update(f"{key}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
    # As bytes, since NumPy has no bfloat16.
    digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")


@dataclass(frozen=True)
class StructureDifference:
    """How the keys and shapes of some weights depart from those expected; as text, the first three of each kind."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.reshaped)

    def __str__(self) -> str:
        parts = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", self.reshaped))
        return "; ".join(f"{len(keys)} {what}: {short_list(keys, 3)}" for what, keys in parts if keys)


def structure_difference(weights: StateDict, expected: StateDict) -> StructureDifference:
    """Every key that is missing, unexpected, or differently shaped.

    Args:
        weights: What came.
        expected: What the keys and shapes should be.

    Returns:
        A difference that is false when there is none.
    """
    reshaped = (
        f"{key} {list(weights[key].shape)} instead of {list(tensor.shape)}"
        for key, tensor in expected.items()
        if key in weights and weights[key].shape != tensor.shape
    )
    return StructureDifference(
        missing=tuple(key for key in expected if key not in weights),
        unexpected=tuple(key for key in weights if key not in expected),
        reshaped=tuple(reshaped),
    )


def same_bits(x: Tensor, y: Tensor) -> bool:
    """Whether two tensors have equal dtype, shape and values, NaN being equal to NaN."""
    if x is y:
        return True
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    # In parts, since each part takes several of its size.
    return all(bool(((u == v) | (u.isnan() & v.isnan())).all()) for u, v in zip(parts(x), parts(y), strict=True))


def parts(tensor: Tensor, size: int = LARGE) -> tuple[Tensor, ...]:
    """A tensor as vectors of at most four million numbers, for work that takes several tensors of their size at once.

    Args:
        tensor: Any.
        size: The most numbers in a part.

    Returns:
        Views of a tensor that is contiguous.
    """
    return torch.split(tensor.reshape(-1), size)
