"""The networks that `isthmus measure` takes: two, several, pairs, or trajectories."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def beside_aligned(networks: list[Path], model: str, how: str, data_root: Path | None) -> Iterator[tuple[Any, Any]]:
    """Two networks twice: as they are, and with network b's units permuted to lie near a's.

    Args:
        networks: Both.
        model: Their model.
        how: "weights", or examples whose activations are matched.
        data_root: The folder that holds known data sets.

    Yields:
        What `isthmus.measure` takes as `a` and `b`: two pairs, whose files are there as long as the block runs.

    Raises:
        InputError: There are other networks than two.
    """
    if len(networks) != 2:
        raise InputError("two networks", str(len(networks)), "--align", "align one to another at a time")
    from isthmus.merging.align import align

    a, b = networks
    data, by = (None, how) if how == "weights" else (how, "activations")
    with tempfile.TemporaryDirectory() as folder:
        aligned = Path(folder) / f"{b.stem}_aligned.safetensors"
        align(a, b, model=model, out=aligned, data_root=data_root, data=data, by=by)
        yield [a, a], [b, aligned]
