"""The networks that `isthmus measure` is given: two, several, pairs, or trajectories."""

from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.weights.step import Step


def networks_and_steps(
    networks: list[Path], steps: str | None, *, paired: bool
) -> tuple[Any, Any, tuple[str, ...] | None]:
    """What `isthmus.measure` takes as `a`, `b` and `steps`; torch is not imported.

    Args:
        networks: Paths in the order given.
        steps: Such as "0ep,20ep".
        paired: Whether the networks are pairs, two by two.

    Returns:
        Two paths; or a list and None, for all pairs; or two lists of equal length. And the steps.

    Raises:
        InputError: There are too few, an odd number of paired ones, or what is named is no step.
    """
    chosen = None if steps is None else tuple(str(Step.parse(text.strip())) for text in steps.split(","))
    if len(networks) < 2:
        raise InputError(
            "two checkpoints, or more", "one", "isthmus measure", "name network b too: isthmus measure A B --model ..."
        )
    if paired:
        if len(networks) % 2:
            raise InputError(
                "an even number of checkpoints",
                str(len(networks)),
                "--paired",
                "name two for each pair: A1 B1 A2 B2, or leave --paired out for all pairs",
            )
        return networks[::2], networks[1::2], chosen
    if len(networks) == 2:
        return networks[0], networks[1], chosen
    return networks, None, chosen
