"""The readout: an untied linear layer whose outputs are the outputs of the network."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.evaluation.output import USUAL_OUTPUT, Output
from isthmus.trees import Tree, arguments
from isthmus.weights.state import tied_keys


@dataclass(frozen=True)
class Readout:
    """The weights in which the outputs of a network are affine, so that a loss convex in the outputs is convex in them.

    Attributes:
        keys: Of the last linear layer; none if there is no such layer.
        note: Which layer that is, or why there is none.
    """

    keys: tuple[str, ...]
    note: str


def readout_of(module: nn.Module, inputs: Tree, pick: Output = USUAL_OUTPUT) -> Readout:
    """The last linear layer of a network, if it is one that theory speaks of.

    It must be an `nn.Linear` that is called once, shares no tensor with another layer, is not parametrised, and whose
    result is returned as it is: seen by running the network once, never by a name.

    Args:
        module: In evaluation mode; left unchanged.
        inputs: A batch that it accepts; one example is enough.
        pick: Which of its outputs is measured.

    Returns:
        The keys, or why there are none.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> readout_of(net, torch.zeros(1, 2)).keys
        ('2.weight', '2.bias')
        >>> readout_of(nn.Sequential(net, nn.Softmax(dim=1)), torch.zeros(1, 2)).note
        'no nn.Linear gives the outputs'
    """
    calls: list[tuple[str, Tensor, int]] = []

    def note_call(path: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, result: Tensor) -> None:
            calls.append((path, result, result._version))

        return hook

    linear = {path: layer for path, layer in module.named_modules() if isinstance(layer, nn.Linear)}
    hooks = [layer.register_forward_hook(note_call(path)) for path, layer in linear.items()]
    try:
        with torch.no_grad():
            args, kwargs = arguments(inputs)
            outputs = pick(module(*args, **kwargs))
    finally:
        for hook in hooks:
            hook.remove()
    found = [path for path, result, version in calls if _is_returned(result, version, outputs)]
    if not found:
        return Readout((), "no nn.Linear gives the outputs")
    path = found[0]
    if not _is_plain(linear[path]):
        return Readout((), f"{path} is a linear layer with a forward pass, hooks or a parametrisation of its own")
    if [call[0] for call in calls].count(path) > 1:
        return Readout((), f"{path} is called more than once")
    keys = tuple(f"{path}.{name}" if path else name for name, _ in linear[path].named_parameters())
    for group in tied_keys(module):
        if set(group) & set(keys):
            return Readout((), f"{path} shares a tensor: {' = '.join(group)}")
    return Readout(keys, f"{path or 'the network'} is an untied linear layer that gives the outputs")


def _is_plain(layer: nn.Linear) -> bool:
    own = {name for name, tensor in layer._parameters.items() if tensor is not None}
    changed = layer._modules or layer._forward_pre_hooks or layer._forward_hooks
    return type(layer).forward is nn.Linear.forward and own <= {"weight", "bias"} and not changed


def _is_returned(result: Tensor, version: int, outputs: Tensor) -> bool:
    """Whether the outputs are these very numbers, perhaps in another shape, and nothing was written to them since."""
    same_place = result.data_ptr() == outputs.data_ptr() and result.numel() == outputs.numel()
    return same_place and outputs._version == version
