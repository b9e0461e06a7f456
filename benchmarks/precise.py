"""The arm of `sweep.py` that measures to a precision: how many examples that takes, and what it is worth."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from torch import nn

import isthmus
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.runs.folder.loading import measurement_of

Z = 1.96


def precise_figures(
    build: Callable[[], nn.Module],
    a: object,
    b: object,
    data: str,
    *,
    data_root: str,
    hosts: str,
    dtype: str,
    precision: float,
    reference_seconds: Callable[[int, int], float],
) -> dict[str, Any]:
    """Measure single layers to a precision, everything from loading to the result on the clock.

    The plain number of examples of a cut is (1.96 sd / precision)², sd being that of its excess over the mean of the
    two networks on the examples used, whose losses are those of the direct engine.

    Args:
        build: Builds the network.
        a: Weights.
        b: Weights.
        data: Name of the data.
        data_root: Where it lies.
        hosts: "ab", "a" or "b".
        dtype: Of the forward passes.
        precision: Half-width of the intervals, in nats.
        reference_seconds: What the reference loop takes for so many networks on so many images.

    Returns:
        Seconds, speed-up over the reference loop, and examples by cut: used, plain, and plain for the rise alone.
    """
    begun = perf_counter()
    result = isthmus.measure(
        build,
        a,  # type: ignore[arg-type]
        b,  # type: ignore[arg-type]
        {"data": data},
        hosts=tuple(hosts),
        precision=precision,
        dtype=dtype,
        data_root=data_root,
    )
    seconds = perf_counter() - begun
    record = measurement_of(result).record
    num_examples = record.splits[0].num_examples
    found = isthmus.examples(result)
    used, plain, of_rise = (np.zeros(result.loss_barrier.shape) for _ in range(3))
    for h, m in np.ndindex(*used.shape):
        n = int(result.num_examples[h, m])
        loss_a, loss_b = (found[f"loss_{name}"].values[:n].astype(np.float64) for name in "ab")
        values = found.loss.values[h, m, 0, :n] - (loss_a + loss_b) / 2
        rises = found.loss.values[h, m, 0, :n] - (loss_a if str(result.host.values[h]) == "a" else loss_b)
        used[h, m] = n
        plain[h, m] = (Z * values.std(ddof=1) / precision) ** 2
        of_rise[h, m] = (Z * rises.std(ddof=1) / precision) ** 2
    hardest = np.unravel_index(plain.argmax(), plain.shape)
    return {
        "data": data,
        "dtype": dtype,
        "num_examples": num_examples,
        "seconds": seconds,
        "times_faster_than_reference": reference_seconds(record.grid.num_points, num_examples) / seconds,
        "examples_used": {"mean": float(used.mean()), "most": int(used.max())},
        "hardest_cut": {
            "host": str(result.host.values[hardest[0]]),
            "moving": str(result.moving.values[hardest[1]]),
            "used": int(used[hardest]),
            "plain": float(plain[hardest]),
            "plain_for_the_rise": float(of_rise[hardest]),
        },
        "median_cut": {"plain": float(np.median(plain)), "plain_for_the_rise": float(np.median(of_rise))},
        "cuts_within_1.6_of_plain": int((used <= 1.6 * plain).sum()),
        "cuts_at_first_look": int((used <= used.min()).sum()),
        "cuts": int(used.size),
        "carried_by_few": int((result.loss_barrier_effective_examples < FEW).sum()),
    }


def precise_lines(rows: list[dict[str, Any]], precision: float) -> list[str]:
    """The figures as text.

    Args:
        rows: From `precise_figures`.
        precision: That was asked.

    Returns:
        Lines of a table.
    """
    lines = [
        "",
        f"precision={precision}: examples by cut, used and as (1.96 sd / {precision})² asks",
        f"{'':26}{'seconds':>8}{'x ref.':>8}{'mean used':>10}{'hardest':>9}{'plain':>8}{'1.6 holds':>11}",
    ]
    for row in rows:
        hard = row["hardest_cut"]
        lines.append(
            f"{row['data'] + ' ' + row['dtype']:26}{row['seconds']:8.1f}{row['times_faster_than_reference']:8.1f}"
            f"{row['examples_used']['mean']:10.0f}{hard['used']:9d}{hard['plain']:8.0f}"
            f"{row['cuts_within_1.6_of_plain']:6d}/{row['cuts']}"
        )
    return lines
