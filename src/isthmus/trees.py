"""Batches that are one tensor, or a dict or tuple of tensors: the inputs of a network.

A dict is passed to `forward` by keyword, a tuple by position, a single tensor alone. Every tensor has the examples as
its first dimension. `None` stands for an argument that is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only  # what torch.export itself flattens inputs with

Tree: TypeAlias = Any
"""A tensor, or a dict or tuple whose values are trees."""


def is_tree(thing: object) -> bool:
    """Whether something is a tensor, or a dict, tuple or list of such things, of which none is empty.

    Args:
        thing: Anything.

    Returns:
        Whether `tidy` takes it.
    """
    if isinstance(thing, Mapping):
        parts: list[object] = list(thing.values()) if all(isinstance(name, str) for name in thing) else []
    elif isinstance(thing, tuple | list):
        parts = list(thing)
    else:
        return isinstance(thing, Tensor)
    return any(part is not None for part in parts) and all(part is None or is_tree(part) for part in parts)


def tidy(thing: Any) -> Tree:
    """A tree of plain dicts and tuples, without what is None in a dict.

    Args:
        thing: For which `is_tree` holds: also other mappings, such as a tokenizer's encoding, and lists.

    Returns:
        The same tensors.
    """
    if isinstance(thing, Mapping):
        return {str(name): tidy(part) for name, part in thing.items() if part is not None}
    return tuple(tidy(part) for part in thing) if isinstance(thing, tuple | list) else thing


def tensors(tree: Tree) -> list[Tensor]:
    """The tensors of a tree, in its own order.

    Args:
        tree: A tensor, dict or tuple.

    Returns:
        At least one tensor, unless the tree is empty.

    Example:
        >>> [t.tolist() for t in tensors({"x": torch.tensor([1]), "more": (torch.tensor([2]), None)})]
        [[1], [2]]
    """
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def map_tensors(function: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """The tree of the function's results.

    Args:
        function: From one tensor to one tensor.
        tree: A tensor, dict or tuple.

    Returns:
        A tree of the same form.
    """
    return tree_map_only(Tensor, function, tree)


def take_rows(tree: Tree, chosen: slice | Tensor) -> Tree:
    """Some examples of a batch.

    Args:
        tree: A batch.
        chosen: A slice, or example numbers.

    Returns:
        A smaller batch; a slice shares memory with the batch.
    """
    return map_tensors(lambda tensor: tensor[chosen if isinstance(chosen, slice) else chosen.to(tensor.device)], tree)


def join_trees(trees: Sequence[Tree], join: Callable[[list[Tensor]], Tensor] = torch.cat) -> Tree:
    """Several trees of one form as one, tensor by tensor.

    Args:
        trees: At least one.
        join: Puts the tensors of one place together: `torch.cat` of batches, `torch.stack` of examples.

    Returns:
        A tree of their form.

    Raises:
        ValueError: The trees are of different forms.
    """
    first = trees[0]
    if isinstance(first, Tensor):
        if not all(isinstance(tree, Tensor) for tree in trees):
            raise ValueError("trees of different forms")
        return join(list(trees))
    if isinstance(first, Mapping):
        if not all(isinstance(tree, Mapping) and tree.keys() == first.keys() for tree in trees):
            raise ValueError("trees of different forms")
        return {name: join_trees([tree[name] for tree in trees], join) for name in first}
    if first is None:
        return None
    if not all(isinstance(tree, tuple) and len(tree) == len(first) for tree in trees):
        raise ValueError("trees of different forms")
    return tuple(join_trees(column, join) for column in zip(*trees, strict=True))


def arguments(tree: Tree) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """How a batch is passed to `forward`.

    Args:
        tree: A batch.

    Returns:
        Arguments by position and by keyword.

    Example:
        >>> arguments({"input_ids": 1, "attention_mask": 2})
        ((), {'input_ids': 1, 'attention_mask': 2})
    """
    if isinstance(tree, Mapping):
        return (), {name: value for name, value in tree.items() if value is not None}
    return (tuple(tree), {}) if isinstance(tree, tuple) else ((tree,), {})


def named_tensors(tree: Tree, name: str = "") -> dict[str, Tensor]:
    """The tensors of a tree by their place, keys in alphabetical order: the order of a dict means nothing.

    Args:
        tree: A tensor, dict or tuple.
        name: Its own place.

    Returns:
        Such as "input_ids" or "pair.0" -> tensor; a single tensor has the name "".
    """
    if isinstance(tree, Tensor):
        return {name: tree}
    parts = sorted(tree.items()) if isinstance(tree, Mapping) else list(enumerate(tree)) if tree is not None else []
    found: dict[str, Tensor] = {}
    for key, part in parts:
        found |= named_tensors(part, f"{name}.{key}" if name else str(key))
    return found


def shape_of_example(tree: Tree) -> str:
    """The shape of one example.

    Args:
        tree: A batch.

    Returns:
        Such as "(3, 8, 8)" or "input_ids (8,), attention_mask (8,)".
    """
    return ", ".join(f"{name} {tuple(t.shape[1:])}".strip() for name, t in named_tensors(tree).items())


def tree_text(tree: Tree) -> str:
    """Shapes and types, for messages.

    Args:
        tree: A batch.

    Returns:
        Such as "shape (2, 3) float32" or "input_ids (2, 8) int64, attention_mask (2, 8) int64".
    """
    if isinstance(tree, Tensor):
        return f"shape {tuple(tree.shape)} {tree.dtype}".replace("torch.", "")
    named = named_tensors(tree)
    return ", ".join(f"{name} {tuple(t.shape)} {t.dtype}".replace("torch.", "") for name, t in named.items())
