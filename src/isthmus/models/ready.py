"""A network as it is measured: out of what is wrapped around it, with values for what has none yet."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from isthmus.errors import InputError, short_list
from isthmus.weights.keys import full_key, prefixes, usual_first
from isthmus.weights.state import copy_of, tensors_of, tied_keys

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, torch.optim.swa_utils.AveragedModel)


def ready_model(model: nn.Module, weights: Mapping[str, Tensor]) -> tuple[nn.Module, tuple[str, ...]]:
    """The network in a model that was given.

    What `torch.compile` and `DataParallel` put around a network is taken off. Lazy parameters get the shapes of the
    weights, and tensors on `meta`, which have no values, room on the processor: the weights come later.

    Args:
        model: As it was built; not changed.
        weights: A state dict that it is to take.

    Returns:
        The network, and what was done in words.

    Raises:
        InputError: The weights don't show the shapes of lazy parameters, or tensors that no state dict holds have no
            values.
    """
    notes = []
    while (inner := _inner(model)) is not None:
        notes.append(f"taken out of {type(model).__name__}")
        model = inner
    if any(map(_is_compiled, model.modules())):
        model = _uncompiled(copy_of(model))
        notes.append("parts taken out of OptimizedModule")
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        model = _shaped(model, weights)
        notes.append("lazy parameters have the shapes of the weights")
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        model = _with_room(model)
        notes.append("moved from the device meta")
    return model, tuple(notes)


def _inner(model: nn.Module) -> nn.Module | None:
    """The network in a wrapper; None where it is none."""
    inner = getattr(model, "_orig_mod" if _is_compiled(model) else "module", None)
    is_wrapper = _is_compiled(model) or isinstance(model, WRAPPERS)
    return inner if is_wrapper and isinstance(inner, nn.Module) else None


def _is_compiled(model: nn.Module) -> bool:
    return type(model).__module__.startswith("torch._dynamo")


def _uncompiled(model: nn.Module) -> nn.Module:
    # A list, since parts are exchanged on the way.
    for part in list(model.modules()):
        for name, child in part.named_children():
            if _is_compiled(child) and (inner := _inner(child)) is not None:
                part._modules[name] = inner
    return model


def _shaped(model: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    keys = list(model.state_dict())
    prefix = usual_first([p for p in prefixes(weights, keys) if all(full_key(p, key) in weights for key in keys)])
    # Uninitialised buffers know no deep copy.
    fresh: dict[int, object] = {
        id(buffer): UninitializedBuffer(device=buffer.device, dtype=buffer.dtype)  # type: ignore[call-arg]
        for buffer in model.buffers()
        if is_lazy(buffer)
    }
    shaped = copy.deepcopy(model, fresh)
    if prefix is not None:
        shaped.load_state_dict({key: weights[full_key(prefix, key)] for key in keys})
    lazy = [key for key, tensor in (*shaped.named_parameters(), *shaped.named_buffers()) if is_lazy(tensor)]
    if lazy:
        raise InputError(
            "weights that show the shapes of lazy parameters",
            f"{short_list(lazy, 3)} without a shape, and weights of other keys",
            type(model).__name__,
            "run one batch through the model before you give it, or build it without lazy modules",
        )
    return shaped


def _with_room(model: nn.Module) -> nn.Module:
    saved = tensors_of(model)
    unsaved = [key for key, tensor in model.named_buffers() if tensor.is_meta and key not in saved]
    parts = model.named_modules()
    unsaved += [
        f"{path}.{name}".strip(".")
        for path, part in parts
        for name, value in vars(part).items()
        if isinstance(value, Tensor) and value.is_meta
    ]
    if unsaved:
        raise InputError(
            "a model whose tensors have values",
            f"{short_list(unsaved, 3)} on the device meta, and no state dict holds them",
            type(model).__name__,
            "build it on the processor: with torch.device('cpu')",
        )
    ties, filled = tied_keys(model), copy_of(model).to_empty(device="cpu")
    # Room was made for every place by itself, and ties were lost.
    for first, *others in ties:
        for key in others:
            path, _, name = key.rpartition(".")
            setattr(filled.get_submodule(path), name, filled.get_parameter(first))
    with torch.no_grad():
        for tensor in tensors_of(filled).values():
            # Fresh room holds whatever was there before, NaN too.
            tensor.zero_()
    return filled
