"""The networks that `isthmus measure` takes: two, several, pairs, or trajectories."""

from pathlib import Path
from typing import Any

from isthmus.errors import InputError


def networks_to_measure(networks: list[Path], *, paired: bool) -> tuple[Any, Any]:
    """What `isthmus.measure` takes as `a` and `b`; torch is not imported.

    Args:
        networks: Paths in the order given.
        paired: Whether the networks are pairs, two by two.

    Returns:
        Two paths; or a list and None, for all pairs; or two lists of equal length.

    Raises:
        InputError: There are too few, or an odd number of paired ones.
    """
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
        return networks[::2], networks[1::2]
    if len(networks) == 2:
        return networks[0], networks[1]
    return networks, None
