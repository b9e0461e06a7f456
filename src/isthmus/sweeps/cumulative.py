"""Growing groups of layers: where along the depth of the network the barrier appears."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from isthmus.errors import InputError, UnknownNameError
from isthmus.layers.labels import with_commas
from isthmus.sweeps.argument import moving_layers, whole_number
from isthmus.sweeps.group import MovingGroup
from isthmus.sweeps.orders import ORDERS, random_order

FORMS = (*(f"cumulative:{order}" for order in ORDERS), "cumulative:random[:SEED,...]", "cumulative:given:LAYER,...")


@dataclass(frozen=True)
class Cumulative:
    """One group for each number of layers k: the first k in an order, labelled by the order and k.

    Attributes:
        order: `shallow_first` begins at the input of the network, `deep_first` at its output; `ends_first` is
            `isthmus.sweeps.orders.ends_first`; `random` draws one order for each seed, with labels such as
            `random0:03`; `given` takes the layers named, and no others.
        seeds: Of `random`.
        given: Layers of `given`, in the order in which they join.
    """

    order: Literal["shallow_first", "deep_first", "ends_first", "random", "given"]
    seeds: tuple[int, ...] = (0,)
    given: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Such as "cumulative:shallow_first" or "cumulative:random:0,1"."""
        arguments = {"random": self.seeds, "given": self.given}.get(self.order, ())
        return f"cumulative:{self.order}" + (f":{','.join(map(str, arguments))}" if arguments else "")

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The groups, the smallest first; the last of an order holds all of its layers.

        Args:
            layers: Labels in the order of first use.

        Returns:
            As many groups as layers for each order.

        Example:
            >>> [(group.label, group.layers) for group in Cumulative("deep_first").groups(["conv1", "fc"])]
            [('deep_first:01', ('fc',)), ('deep_first:02', ('conv1', 'fc'))]
        """
        if self.order == "random":
            return [
                group
                for seed in self.seeds
                for group in self._growing(f"random{seed}", random_order(layers, seed), layers)
            ]
        ordered = with_commas(self.given, layers) if self.order == "given" else ORDERS[self.order](layers)
        return self._growing(self.order, ordered, layers)

    def _growing(self, label: str, ordered: Sequence[str], layers: Sequence[str]) -> list[MovingGroup]:
        # Leading zeros, so that labels sort as text in the order of k.
        digits = max(2, len(str(len(ordered))))
        return [
            MovingGroup(f"{label}:{k:0{digits}}", moving_layers(ordered[:k], layers, f"--sweep {self.name}"), self.name)
            for k in range(1, len(ordered) + 1)
        ]


def cumulative_of(argument: str) -> Cumulative:
    """The sweep that stands after "cumulative:".

    Args:
        argument: An order, with its seeds or layers.

    Returns:
        The sweep; `random` alone has seed 0.

    Raises:
        UnknownNameError: There is no such order.
        InputError: A seed is no number, no layer is named, or one of them stands twice.

    Example:
        >>> cumulative_of("random").name
        'cumulative:random:0'
    """
    order, colon, rest = argument.partition(":")
    items = [item.strip() for item in rest.split(",")]
    if order in ORDERS and not colon:
        return Cumulative(order)  # type: ignore[arg-type]
    if order == "random":
        seeds = [whole_number(item, 0, FORMS[-2]) for item in items] if colon else [0]
        _refuse_twice(seeds, "seeds", FORMS[-2])
        return Cumulative("random", seeds=tuple(seeds))
    if order == "given":
        _refuse_twice(items, "layers", FORMS[-1])
        return Cumulative("given", given=tuple(items))
    raise UnknownNameError("a cumulative sweep", f"cumulative:{argument}".rstrip(":"), FORMS, "--sweep")


def _refuse_twice(items: Sequence[int | str], what: str, form: str) -> None:
    if "" in items or len(set(items)) < len(items):
        raise InputError(f"different {what}", repr(list(items)), f"--sweep {form}", "name each once, with commas")
