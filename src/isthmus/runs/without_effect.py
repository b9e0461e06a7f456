"""Layers that differ between two networks and move no output: their rows are zeros for another reason than the rest."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from isthmus.evaluation.probe import PROBE_SIZE
from isthmus.measures.examples import ExampleTable
from isthmus.runs.subject.subject import Subject
from isthmus.sweeps.grid import Grid
from isthmus.weights.state import same_bits


def layers_without_effect(subject: Subject, grid: Grid, tables: Mapping[str, ExampleTable]) -> tuple[str, ...]:
    """The layers that were moved by themselves and changed nothing.

    All losses of all their rows are the host's to the bit, and so are the first outputs: a loss alone may also be
    saturated.

    Args:
        subject: What was measured.
        grid: Its rows.
        tables: Split -> results.

    Returns:
        Labels of layers; those that are equal in both networks are none of them.
    """
    found = [
        group.layers[0]
        for m, group in enumerate(grid.groups)
        if len(group.layers) == 1
        and subject.distances[m].distance > 0
        and all(_is_still(grid, table, h, m) for table in tables.values() for h in range(len(grid.hosts)))
    ]
    return tuple(label for label in dict.fromkeys(found) if _moves_no_output(subject, label))


def effect_remarks(labels: tuple[str, ...]) -> list[str]:
    """What to say of layers without effect.

    Args:
        labels: From `layers_without_effect`.

    Returns:
        One sentence, or none.
    """
    if not labels:
        return []
    one = len(labels) == 1
    return [
        f"no effect on these outputs: {', '.join(labels)} differ{'s' * one} between the networks, and moved alone "
        f"change{'s' * one} no output; zeros there say nothing of averaging"
    ]


def _is_still(grid: Grid, table: ExampleTable, h: int, m: int) -> bool:
    host = grid.end(grid.hosts[h])
    for point in grid.rows[h, m].tolist():
        known = table.num_examples(np.array([host, point]))
        if not np.array_equal(table.loss[point, :known], table.loss[host, :known], equal_nan=True):
            return False
    return True


def _moves_no_output(subject: Subject, label: str) -> bool:
    network, segment, examples = subject.network, subject.segment, next(iter(subject.splits.values()))
    inputs, _ = examples.batch(0, PROBE_SIZE, network.device, network.dtype)

    def outputs(moving: tuple[str, ...], alpha: float) -> Tensor:
        return network.outputs(segment.weights(segment.point("a", moving, alpha), network.dtype), inputs)

    still = outputs((), 0.0)
    return all(same_bits(still, outputs((label,), alpha)) for alpha in (0.5, 1.0))
