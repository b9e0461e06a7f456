"""Trainings that take turns in one process on one device."""

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.training.arithmetic import training_arithmetic
from isthmus.training.recipe.recipe import NetworkRecipe


def independent_groups(recipes: Sequence[NetworkRecipe]) -> list[list[NetworkRecipe]]:
    """The networks sorted into groups that know nothing of each other.

    Args:
        recipes: A network that is spawned stands after the one that it is spawned from.

    Returns:
        Groups in the order of their first networks: one together with all that are spawned from it.
    """
    groups: dict[str, list[NetworkRecipe]] = {}
    for recipe in recipes:
        group = groups[recipe.spawn.network] if recipe.spawn else []
        group.append(recipe)
        groups[recipe.name] = group
    return list({id(group): group for group in groups.values()}.values())


def take_turns(trainings: Sequence[Generator[None, None, None]], at_once: int, recipe: NetworkRecipe) -> None:
    """Go through trainings, an iteration of each in turn.

    Args:
        trainings: In the order in which they begin.
        at_once: How many are under way at the same time.
        recipe: Of any of them: its type and its device are those of all.
    """
    device = device_named(recipe.device)
    waiting = deque(trainings)
    running: list[tuple[Generator[None, None, None], AbstractContextManager[object]]] = []
    try:
        with training_arithmetic(recipe.dtype, device):
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.append((waiting.popleft(), _stream(device, at_once)))
                # One iteration each in turn: while a stream waits for its kernels, the next one is filled.
                for one in list(running):
                    training, stream = one
                    with stream:
                        if next(training, True):  # it yields None while it goes on, so True is its end
                            running.remove(one)
    finally:
        for training, _ in running:
            training.close()


def refuse_unlike_arithmetic(recipes: Sequence[NetworkRecipe]) -> None:
    """Refuse networks that can't take turns, since PyTorch's settings hold for all of them.

    Args:
        recipes: Those that are to take turns.

    Raises:
        InputError: They differ in their device or in their type.
    """
    for field in ("device", "dtype"):
        values = {recipe.name: getattr(recipe, field) for recipe in recipes}
        if len(set(values.values())) > 1:
            raise InputError(
                f"networks of one {field}, to train several at once on an accelerator",
                ", ".join(f"{name}: {value}" for name, value in values.items()),
                "the recipe",
                "train them one after the other: leave --processes out",
            )


def _stream(device: torch.device, at_once: int) -> AbstractContextManager[object]:
    if device.type != "cuda" or at_once == 1:
        return nullcontext()
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    # What the current stream still makes, such as the data, must be there first.
    stream.wait_stream(torch.cuda.current_stream(device))
    return torch.cuda.stream(stream)
