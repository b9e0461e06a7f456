"""One operator of a graph, with its arguments by name and the axes of its tensors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx

from isthmus.merging.permutation.extents import Extent, Units, simplified
from isthmus.merging.permutation.unification import settled

Axes: TypeAlias = tuple[Extent, ...]
Values: TypeAlias = dict[fx.Node, "Axes | list[Axes | None]"]


@dataclass(frozen=True)
class Call:
    """An operator.

    Attributes:
        node: Its node.
        name: Without its namespace, overload and the underscore of writing in place.
        values: The axes of every tensor so far; several for an operator that returns several.
    """

    node: fx.Node
    name: str
    values: Values

    def argument(self, name: str) -> Any:
        """An argument as it stands in the graph.

        Args:
            name: As in the operator's schema.

        Returns:
            A node, a number, a list; None where it isn't given and has no default.
        """
        schema = self.node.target._schema.arguments  # type: ignore[union-attr]
        given = dict(zip((argument.name for argument in schema), self.node.args, strict=False)) | self.node.kwargs
        defaults = {argument.name: argument.default_value for argument in schema if argument.has_default_value()}
        return given.get(name, defaults.get(name))

    def numbers(self, name: str) -> list[int]:
        """An argument of one or several whole numbers.

        Args:
            name: As in the operator's schema.

        Returns:
            The numbers; sizes that depend on the batch as they are for the exported one.
        """
        given = self.argument(name)
        return [number_of(one) for one in (given if isinstance(given, list | tuple) else [given]) if one is not None]

    def axes(self, name: str) -> Axes:
        """The axes of a tensor argument, each the same at all places of the others.

        Args:
            name: As in the operator's schema.

        Returns:
            One extent a dimension.
        """
        return tuple(settled(extent) for extent in self.stacked_axes(name))

    def stacked_axes(self, name: str) -> Axes:
        """The axes of a tensor argument, of which some may be another one at each place of another.

        Args:
            name: As in the operator's schema.

        Returns:
            One extent a dimension.

        Raises:
            KeyError: The argument isn't a tensor.
        """
        return self.axes_of(self.argument(name))

    def axes_of(self, node: object) -> Axes:
        """The axes of a node.

        Args:
            node: Of a tensor.

        Returns:
            One extent a dimension.

        Raises:
            KeyError: It is none.
        """
        found = self.values[node]  # type: ignore[index]
        if isinstance(found, list):
            raise KeyError("several tensors")
        return tuple(simplified(extent) for extent in found)

    def tensors(self) -> list[Axes]:
        """The axes of all tensors that the operator reads.

        Returns:
            In their order.
        """
        found: list[Axes] = []
        for node in self.node.all_input_nodes:
            value = self.values.get(node, [])
            found += [axes for axes in value if axes] if isinstance(value, list) else [value]
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the one tensor that it returns."""
        return shape_of(self.node.meta["val"])

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the tensors that it returns."""
        return [shape_of(value) for value in self.node.meta["val"]]

    def dimension(self, name: str, rank: int) -> int:
        """A dimension counted from the first.

        Args:
            name: Of the argument.
            rank: Dimensions of the tensor.

        Returns:
            At least 0.
        """
        return self.numbers(name)[0] % rank


Handler: TypeAlias = Callable[[Call], "Axes | list[Axes | None]"]


def named(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """Handlers by name, where several operators that share one stand in one text.

    Args:
        handlers: By names with blanks between.

    Returns:
        By one name each.
    """
    return {name: handler for names, handler in handlers.items() for name in names.split()}


def number_of(value: Any) -> int:
    """A number of a graph; where it depends on the batch, what it is for the exported one.

    Args:
        value: A number, or a node or symbol that stands for one.

    Returns:
        The number.
    """
    if isinstance(value, fx.Node):
        value = value.meta["val"]
    return int(value.node.hint) if isinstance(value, torch.SymInt) else int(value)


def shape_of(value: object) -> tuple[int, ...]:
    """The shape of a tensor of an exported graph.

    Args:
        value: What a node holds.

    Returns:
        The shape for the exported batch; none for what is no tensor.
    """
    return tuple(number_of(size) for size in value.shape) if isinstance(value, Tensor) else ()


def held(shape: Sequence[int], reason: str) -> Axes:
    """Axes that stay as they are.

    Args:
        shape: Of a tensor.
        reason: Why.

    Returns:
        One fixed extent a dimension.
    """
    return tuple(Units(size, reason) for size in shape)


def plain(shape: Sequence[int]) -> Axes:
    """Axes about which nothing is known.

    Args:
        shape: Of a tensor.

    Returns:
        One free extent a dimension.
    """
    return tuple(Units(size, "" if size != 1 else "there is one alone") for size in shape)
