"""The order in which the forward pass uses weights for the first time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from isthmus.trees import Tree, arguments


@dataclass(frozen=True)
class FirstUse:
    """Keys and modules in the order of their first use.

    Attributes:
        keys: Keys of the state dict that some operator of the forward pass reads; tied keys follow one another.
        modules: Paths of the modules that were called.
    """

    keys: tuple[str, ...]
    modules: tuple[str, ...]


class _Readings(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes which of the given tensors the operators read, in order."""

    def __init__(self, keys_of: dict[int, list[str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys_of = keys_of
        self.keys: dict[str, None] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor):
                self.keys.update(dict.fromkeys(self.keys_of.get(id(leaf), ())))
        return func(*args, **(kwargs or {}))


def order_of_use(model: nn.Module, batches: Iterable[Tree]) -> FirstUse:
    """The order of first use on the first batch on which every parameter is read, else on the one that reads most.

    A router may send one example to some experts only; an exported program has all of them in their place.

    Args:
        model: As for `first_use`.
        batches: At least one, the cheapest first.

    Returns:
        The order.
    """
    wanted = {key for key, _ in model.named_parameters(remove_duplicate=False)}
    best: FirstUse | None = None
    for inputs in batches:
        use = first_use(model, inputs)
        if best is None or len(wanted.intersection(use.keys)) > len(wanted.intersection(best.keys)):
            best = use
        if wanted.issubset(best.keys):
            break
    assert best is not None
    return best


def first_use(model: nn.Module, inputs: Tree) -> FirstUse:
    """Run the model once and note when each of its weights is first read by an operator.

    What counts is the operator that reads the tensor itself, so parameters of the root module (class tokens, position
    embeddings) and modules that are called out of registration order are placed correctly.

    Args:
        model: A network in evaluation mode, on the device of `inputs`; left unchanged.
        inputs: A batch that the model accepts; one example is enough.

    Returns:
        The keys and the module paths in order. Weights that no operator reads are not in it.
    """
    keys_of: dict[int, list[str]] = {}
    # Tied tensors have several keys, and all are used where one is.
    for named in (model.named_parameters(remove_duplicate=False), model.named_buffers(remove_duplicate=False)):
        for key, tensor in named:
            keys_of.setdefault(id(tensor), []).append(key)
    called: dict[str, None] = {}
    hooks = [
        module.register_forward_pre_hook(lambda _module, _args, path=path: called.setdefault(path))
        for path, module in model.named_modules(remove_duplicate=False)
    ]
    try:
        with torch.no_grad(), _Readings(keys_of) as readings:
            args, kwargs = arguments(inputs)
            model(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    return FirstUse(tuple(readings.keys), tuple(called))
