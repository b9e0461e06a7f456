"""Per-example results of a whole measurement, and the differences that barriers are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from isthmus.measures.barrier import Quantity
from isthmus.measures.baseline import Baseline, baseline_values
from isthmus.sweeps.grid import Grid


@dataclass(frozen=True)
class ExampleTable:
    """Loss and error of every point on every example of one split.

    Attributes:
        loss: As the engine computed them; in nats for cross-entropy.
        error: Whether each is wrong; None without classes.
        targets: Class number of each example; None where the targets are no class numbers.
    """

    loss: Float[np.ndarray, "points n"]
    error: Bool[np.ndarray, "points n"] | None
    targets: Int[np.ndarray, " n"] | None

    def values(self, quantity: Quantity) -> Float[np.ndarray, "points n"] | Bool[np.ndarray, "points n"]:
        """The losses or the errors.

        Args:
            quantity: Which.

        Returns:
            One row a point.
        """
        if quantity == "loss":
            return self.loss
        assert self.error is not None
        return self.error

    def of_class(self, label: int) -> "ExampleTable":
        """The examples of one class.

        Args:
            label: Class number.

        Returns:
            A table of those examples.
        """
        assert self.targets is not None
        chosen = self.targets == label
        error = None if self.error is None else self.error[:, chosen]
        return ExampleTable(self.loss[:, chosen], error, self.targets[chosen])


def cut_differences(
    grid: Grid, table: ExampleTable, quantity: Quantity, baseline: Baseline
) -> Iterator[tuple[int, int, Float[np.ndarray, "alphas n"]]]:
    """The excess of every example over its baseline, cut by cut.

    Args:
        grid: The rows.
        table: Per-example results.
        quantity: Loss or error.
        baseline: What to compare with; `cut` needs far ends in the grid.

    Yields:
        Number of the host, number of the moving group, and d_i(alpha) in float64.
    """
    values = table.values(quantity)
    ends = {host: values[grid.end(host)].astype(np.float64) for host in ("a", "b")}
    for h, host in enumerate(grid.hosts):
        near, other = ends[host], ends["b" if host == "a" else "a"]
        for m in range(len(grid.groups)):
            far = None if grid.far_ends is None else values[grid.far_ends[h, m]].astype(np.float64)
            rows = [
                values[grid.rows[h, m, k]] - baseline_values(baseline, alpha, near, other, far)
                for k, alpha in enumerate(grid.alphas)
            ]
            yield h, m, np.array(rows)


def mean_values(grid: Grid, table: ExampleTable, quantity: Quantity) -> Float[np.ndarray, "host moving alpha"]:
    """The mean loss or error rate at every row, summed in float64 and divided once.

    Args:
        grid: The rows.
        table: Per-example results.
        quantity: Loss or error.

    Returns:
        Nats, or a fraction of the examples.
    """
    means = table.values(quantity).mean(axis=1, dtype=np.float64)
    return np.asarray(means[grid.rows])
